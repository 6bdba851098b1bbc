// What a call of `_switch` asks for: in words, or as the facts that a hook of a migration posts.
import { shareNode } from '../../../engine/cluster-place.ts'
import { IndexferryError } from '../../../foundation/errors.ts'
import { type ClusterRole, clusterRoles } from '../../../model/cluster-role.ts'
import { isJsonObject, type JsonValue } from '../../../model/json.ts'

/** URLs of both clusters. */
export type ClusterNodes = Readonly<Record<ClusterRole, readonly string[]>>

/** Throws REQUEST_MALFORMED. */
export function orderedRole(body: JsonValue | undefined, nodes: ClusterNodes): ClusterRole {
  if (!isJsonObject(body)) throw malformed('the body must be a JSON object such as {"to":"standby"}')
  const { to, from, phase, when, source, target } = body
  if (typeof to === 'string') {
    const role = clusterRoles.find((each) => each === to)
    if (role) return role
    throw malformed(
      `traffic cannot be switched to ${JSON.stringify(to.slice(0, 100))}; it can to "cluster" and "standby"`,
    )
  }
  if (isJsonObject(to)) return ofSides(to, from, nodes)
  if (phase === 'switch' || phase === 'abort') {
    if (when !== 'after')
      throw malformed(`a hook that switches traffic belongs after the phase ${phase}, not before it`)
    const [fresh, old] = phase === 'switch' ? [target, source] : [source, target]
    return byAddress(fresh, old, nodes) ?? (phase === 'switch' ? 'standby' : 'cluster')
  }
  if (typeof phase === 'string') {
    throw malformed(
      `a hook that switches traffic belongs after the phase switch or abort, not to ${phase.slice(0, 100)}`,
    )
  }
  throw malformed('the body does not say where to: "to" must be "cluster" or "standby"')
}

/**
 * Facts of `migrate SRC TGT --switch-hook`. The side says more than the event: a cut-over that is given up leads back to the source, a
 * way back that is given up (`back`, too) to the target.
 */
function ofSides(to: JsonValue, from: JsonValue | undefined, nodes: ClusterNodes): ClusterRole {
  const known = byAddress(to, from, nodes)
  if (known) return known
  const side = isJsonObject(to) ? to.side : undefined
  if (side === 'target') return 'standby'
  if (side === 'source') return 'cluster'
  throw malformed('"to" has no side; it must be "source" or "target"')
}

/** Whichever section has the URL of the cluster, so that a migration may also go from the standby to the cluster. */
function byAddress(
  to: JsonValue | undefined,
  from: JsonValue | undefined,
  nodes: ClusterNodes,
): ClusterRole | undefined {
  const [toward, away] = [roleOf(to, nodes), roleOf(from, nodes)]
  if (toward && toward === away) return undefined
  return toward ?? (away && (away === 'cluster' ? 'standby' : 'cluster'))
}

function roleOf(side: JsonValue | undefined, nodes: ClusterNodes): ClusterRole | undefined {
  const url = isJsonObject(side) ? side.cluster : undefined
  if (typeof url !== 'string') return undefined
  const found = clusterRoles.filter((role) => shareNode([url], nodes[role]))
  return found.length === 1 ? found[0] : undefined
}

const malformed = (sentence: string): IndexferryError => new IndexferryError('REQUEST_MALFORMED', sentence)
