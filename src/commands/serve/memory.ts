import { setFlagsFromString } from 'node:v8'

/**
 * From here on old objects are collected once they are twice what was alive: by then half of what V8 would have let
 * them grow to. It is said once all is loaded: what is said on the command line counts among the conditions under which
 * Node's own modules were compiled, and they would be compiled anew, for 30 ms of each start.
 */
export const keepMemorySmall = (): void => setFlagsFromString('--heap-growing-percent=100')
