import { clientCredentials } from './client-credentials.ts'
import type { Grant } from './grant.ts'
import { password } from './password.ts'
import { refreshToken } from './refresh-token.ts'

/** A new grant is one file and one line here. */
export const grants: readonly Grant[] = [password, refreshToken, clientCredentials]
