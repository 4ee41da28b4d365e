import type { Command } from 'commander'

/**
 * One kid, jti or id of a login in 64 begins with a hyphen, and would be taken for an option. No option has capitals
 * or digits, and hardly one of these ids has none.
 */
export function takingIds(command: Command): Command {
  const parse = command.parseOptions.bind(command)
  const isValue = (before = '') =>
    command.options.some(
      (option) => option.required && [option.short, option.long].includes(before),
    )
  command.parseOptions = (words) => {
    const isId = (word: string, index: number) =>
      /^-[\w-]{20,}$/.test(word) && /[A-Z\d]/.test(word) && !isValue(words[index - 1])
    const ids = words.filter(isId)
    const others = words.filter((word, index) => !isId(word, index))
    return parse(ids.length === 0 || words.includes('--') ? words : [...others, '--', ...ids])
  }
  return command
}
