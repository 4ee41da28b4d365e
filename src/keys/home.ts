import { folderHome } from './folder-home.ts'
import type { RingHome } from './ring-home.ts'
import { type RingRecords, storeHome } from './store-home.ts'

/** The home of a ring: a folder, or, where none is named, the shared store. */
export const homeOf = (folder: string | undefined, records: RingRecords): RingHome =>
  folder === undefined ? storeHome(records) : folderHome(folder)
