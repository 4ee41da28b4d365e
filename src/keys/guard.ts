import type { Algorithm } from './algorithms.ts'
import { createSeal } from './seal.ts'
import { type SocketDeviceOptions, socketDevice } from './socket-device.ts'
import { createVault, type Vault } from './vault.ts'
import type { SealingSecret } from './wrapping-key.ts'

/** How private keys are guarded; with neither, they are kept as they are. */
export interface Guard {
  /** What they are sealed with, and what else they may have been sealed with before. */
  readonly seal?: (SealingSecret & { readonly formerly: readonly SealingSecret[] }) | undefined
  /** Where they are held. */
  readonly device?:
    | (SocketDeviceOptions & { readonly algorithms?: readonly Algorithm[] | undefined })
    | undefined
}

/** @param opensPlain see VaultOptions */
export const vaultOf = ({ seal, device }: Guard, opensPlain?: boolean): Vault =>
  createVault({
    seal: seal && createSeal([seal, ...seal.formerly]),
    device: device && socketDevice(device),
    deviceAlgorithms: device?.algorithms,
    ...(opensPlain !== undefined && { opensPlain }),
  })
