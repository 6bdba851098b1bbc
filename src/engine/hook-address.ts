// An HTTP hook that leads traffic must not be called at the address of a side: a gateway that is switched there would be another cluster afterwards.
import { IndexferryError } from '../foundation/errors.ts'
import type { SideName } from '../migration/live-journey/migration-record.ts'
import { placeOf, shareNode } from './cluster-place.ts'

/** `nodes`: the addresses of each side. Throws USAGE. */
export function checkHookAddress(hook: string | undefined, nodes: Readonly<Record<SideName, readonly string[]>>): void {
  if (hook === undefined || !/^https?:\/\//i.test(hook)) return
  for (const side of ['source', 'target'] as const) {
    if (!shareNode([hook], nodes[side])) continue
    const sentence = `--switch-hook calls ${placeOf(hook)}, which is the address of the ${side}: once it is switched, it leads to the other cluster`
    throw new IndexferryError('USAGE', sentence, {
      remedy: 'Name the clusters themselves as SOURCE and TARGET, not the gateway that is switched.',
    })
  }
}
