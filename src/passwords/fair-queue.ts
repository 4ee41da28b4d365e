/** One who waits. */
export interface Member {
  /** Whose share it takes: those of one line wait behind each other, and the lines take turns. */
  readonly line: string
  /** Lines of known origins have most of the turns, and are the last to be shortened. */
  readonly known: boolean
}

export interface FairQueue<M extends Member> {
  readonly length: number
  /** Lets one more wait. Where that is one too many, the last of the longest line leaves and is returned. */
  add(member: M): M | undefined
  /** Whose turn it is. */
  next(): M | undefined
  /** Removes that one, and gives the turn to another line. */
  take(): M | undefined
  /** For one who leaves before the turn came. */
  remove(member: M): void
  /** Whether one more of this line, not known, would leave at once, others of it waiting already. */
  refuses(line: string): boolean
}

interface Line<M> {
  readonly known: boolean
  readonly members: M[]
}

/**
 * Of four turns the known lines have three, and their length counts a quarter when the longest is
 * looked for. Whoever floods from an origin that is known as their own pushes out themselves first,
 * and everybody else still has a turn in four.
 */
const favour = 4

const load = <M>({ known, members }: Line<M>): number => members.length / (known ? favour : 1)

/** At most `bound()` members: round robin between lines, first come first served within one. */
export function createFairQueue<M extends Member>(bound: () => number): FairQueue<M> {
  // In the order of their turns.
  const known = new Map<string, Line<M>>()
  const others = new Map<string, Line<M>>()
  let length = 0
  let turns = 0

  const linesOf = (member: Member) => (member.known ? known : others)

  /** The line that is shortened first; among equals one that is not known, and the latest. */
  function longest(): Line<M> | undefined {
    let worst: Line<M> | undefined
    for (const lines of [known, others]) {
      for (const line of lines.values()) {
        if (worst === undefined || load(line) >= load(worst)) worst = line
      }
    }
    return worst
  }

  function next(): M | undefined {
    const [first, second] = turns % favour === favour - 1 ? [others, known] : [known, others]
    const [line] = first.size > 0 ? first.values() : second.values()
    return line?.members[0]
  }

  function remove(member: M): void {
    const lines = linesOf(member)
    const members = lines.get(member.line)?.members ?? []
    const at = members.indexOf(member)
    if (at < 0) return
    members.splice(at, 1)
    length -= 1
    if (members.length === 0) lines.delete(member.line)
  }

  return {
    get length() {
      return length
    },
    add(member) {
      const lines = linesOf(member)
      const line = lines.get(member.line) ?? { known: member.known, members: [] }
      lines.set(member.line, line)
      line.members.push(member)
      length += 1
      const last = length > bound() ? longest()?.members.at(-1) : undefined
      if (last !== undefined) remove(last)
      return last
    },
    next,
    take() {
      const member = next()
      if (member === undefined) return undefined
      turns += 1
      remove(member)
      const lines = linesOf(member)
      const line = lines.get(member.line)
      lines.delete(member.line)
      if (line !== undefined) lines.set(member.line, line)
      return member
    },
    remove,
    refuses(line) {
      const waiting = others.get(line)?.members.length ?? 0
      const worst = longest()
      return length >= bound() && waiting > 0 && worst !== undefined && waiting + 1 >= load(worst)
    },
  }
}
