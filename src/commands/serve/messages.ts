import type { Config } from '../../config/schema.ts'
import type { WorkerReport } from '../../http/metrics-workers.ts'

/** What the primary tells a worker. */
export type Order =
  | {
      readonly type: 'serve'
      readonly config: Config
      /** Of this worker, counted from 1. */
      readonly number: number
      /** How many share the machine. */
      readonly of: number
    }
  | { readonly type: 'report' }
  | {
      readonly type: 'end'
      /** Milliseconds for which connections without a request may bring one. */
      readonly linger: number
    }

/** What a worker tells the primary; the report comes when it is asked for, and as the last word. */
export type Word =
  | { readonly type: 'serving'; readonly url: string }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'report'; readonly report: WorkerReport }
