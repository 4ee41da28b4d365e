import { type Ring, refreshTokenKeyName } from './ring.ts'
import type { Vault } from './vault.ts'

/** The ring with everything secret in it sealed anew, by what the vault seals with today. Throws KeyFault. */
export async function resealed(ring: Ring, vault: Vault): Promise<Ring> {
  const secret = await vault.openSecret(ring.refreshTokenKey, refreshTokenKeyName)
  const keys = await Promise.all(
    ring.keys.map(async (key) => {
      const { material, publicJwk } = key
      return material ? { ...key, material: await vault.reseal(material, publicJwk) } : key
    }),
  )
  return {
    ...ring,
    version: ring.version + 1,
    keys,
    refreshTokenKey: await vault.sealSecret(secret.export(), refreshTokenKeyName),
  }
}
