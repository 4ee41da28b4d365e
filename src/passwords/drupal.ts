import { createHash } from 'node:crypto'
import { type HashFormat, UnusableHash } from './format.ts'
import { portable } from './phpass.ts'
import { after } from './wrapped.ts'

const shape = /^(U?)\$S\$([./A-Za-z0-9])([./A-Za-z0-9]{8})([./A-Za-z0-9]{43})$/

/** Drupal 7: phpass with SHA-512, cut to 55 letters; `U$S$` hashes the MD5 that Drupal 6 had stored. */
export const drupal: HashFormat = {
  name: 'drupal',
  matches: (stored) => /^U?\$S\$/.test(stored),
  read(stored) {
    const [, updated, letter, salt, expected] = shape.exec(stored) ?? []
    if (letter === undefined || salt === undefined || expected === undefined) {
      throw new UnusableHash('malformed Drupal hash')
    }
    const hash = portable('sha512', letter, salt, expected)
    return updated === 'U' ? after(hexMd5, hash) : hash
  },
}

const hexMd5 = (password: Buffer) => Buffer.from(createHash('md5').update(password).digest('hex'))
