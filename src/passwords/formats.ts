import { argon2Format } from './argon2.ts'
import { aspnetIdentity } from './aspnet-identity.ts'
import { bcryptFormat, devise } from './bcrypt.ts'
import { ldapCrypt, yescrypt } from './crypt.ts'
import { type CustomScheme, custom } from './custom.ts'
import { djangoBcrypt, djangoBcryptSha256, djangoPbkdf2, djangoScrypt } from './django.ts'
import { drupal } from './drupal.ts'
import { type FirebaseProject, firebaseScrypt } from './firebase.ts'
import type { HashFormat } from './format.ts'
import { keycloak } from './keycloak.ts'
import { md5Crypt } from './md5-crypt.ts'
import { passlibBcryptSha256 } from './passlib-bcrypt-sha256.ts'
import { pbkdf2Format } from './pbkdf2.ts'
import { phpass } from './phpass.ts'
import { scryptCryptFormat, scryptFormat } from './scrypt.ts'
import { shaCrypt } from './sha-crypt.ts'
import { spring } from './spring.ts'
import { ldapFormats, md5 } from './unstretched.ts'
import { werkzeug } from './werkzeug.ts'
import { wordpress } from './wordpress.ts'

/** What some formats need besides the stored hash. */
export interface FormatSettings {
  /** Devise's pepper; every bcrypt hash is then taken to have it. */
  readonly pepper?: string | undefined
  readonly firebase?: FirebaseProject | undefined
  readonly custom?: readonly CustomScheme[] | undefined
}

/** Every format; the first that matches reads the hash. A new one is one file and one line here. */
export const listFormats = (settings: FormatSettings): readonly HashFormat[] => [
  ...(settings.custom ?? []).map(custom),
  argon2Format,
  settings.pepper ? devise(settings.pepper) : bcryptFormat,
  djangoPbkdf2,
  djangoScrypt,
  djangoBcrypt,
  djangoBcryptSha256,
  passlibBcryptSha256,
  pbkdf2Format,
  scryptFormat,
  scryptCryptFormat,
  aspnetIdentity,
  keycloak,
  shaCrypt,
  md5Crypt,
  yescrypt,
  phpass,
  wordpress,
  drupal,
  firebaseScrypt(settings.firebase),
  werkzeug,
  spring,
  ldapCrypt,
  ...ldapFormats,
  md5,
]
