import type { Fault } from './fault.ts'
import { redisFaults } from './redis-faults.ts'
import { serverFaults } from './server-faults.ts'
import { sqliteFaults } from './sqlite-faults.ts'

/** A new fault is one value in one of these lists. */
export const faults: readonly Fault[] = [...serverFaults, ...sqliteFaults, ...redisFaults]
