import { setFlagsFromString } from 'node:v8'

/**
 * From here on old objects are collected once they are twice what was alive: by then half of what V8 would have let
 * them grow to. And nothing is made as an old object because its like grew old (as a connection's state does, where
 * connections are kept): it would hold all that it refers to until old objects are collected, and where connections
 * come and go that is most of what the collection of young ones had to copy. Both are said once all is loaded: what is
 * said on the command line counts among the conditions under which Node's own modules were compiled, and they would be
 * compiled anew, for 30 ms of each start.
 */
export function keepMemorySmall(): void {
  setFlagsFromString('--heap-growing-percent=100')
  setFlagsFromString('--no-allocation-site-pretenuring')
}
