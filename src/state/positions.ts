/** `<epoch>.<number>`: a position says which log it is of, so that an emptied store gives none twice. */
export const positionOf = (epoch: string, number: string | number): string => `${epoch}.${number}`

/** Empty parts for whatever is no position: of no epoch, so of no log. */
export function readPosition(position: string): { epoch: string; number: string } {
  const [, epoch = '', number = ''] = /^([\w-]+)\.(\d{1,20}(?:-\d{1,20})?)$/.exec(position) ?? []
  return { epoch, number }
}

/**
 * What the birth of a store ends, in milliseconds: all before the second it is born in. Its own
 * second is spared, or a login right after the first start would be dead.
 */
export const birth = (now: number): number => Math.floor(now / 1000) * 1000 - 1
