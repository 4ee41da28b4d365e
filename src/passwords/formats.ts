import { argon2Format } from './argon2.ts'
import { bcryptFormat } from './bcrypt.ts'
import type { HashFormat } from './format.ts'

/** Every format that needs no settings. A new one is one file and one line here. */
export const formats: readonly HashFormat[] = [argon2Format, bcryptFormat]
