// What stands in the way of a switch: work that the gateway itself does on the local cluster, and that belongs to this cluster.
import type { GatewayEngine } from '../../../engine/open-gateway-engine.ts'

type Working = Pick<GatewayEngine, 'tasks' | 'replications' | 'autoFollow' | 'bulk'>

/** A sentence, with what to do; undefined: nothing does. */
export function switchObstacle({ tasks, replications, autoFollow, bulk }: Working): string | undefined {
  const running = tasks.listRunning()
  if (running.length > 0) {
    return `tasks of _reindex are running (${named(running.map(({ id }) => id))}); wait until they have ended, or cancel them`
  }
  if (bulk.isRunning) return 'a bulk task of replications is running; wait until it has ended, or cancel it'
  // As long as there are rules, replications may begin.
  const rules = autoFollow.list()
  if (rules.length > 0) {
    return `rules of auto-follow are there (${named(rules.map(({ rule }) => rule.name))}); delete them before`
  }
  const followers = replications.list().map(({ follower }) => follower)
  if (followers.length > 0) return `indexes follow others (${named(followers)}); stop these replications before`
  return undefined
}

const shownMax = 3

const named = (all: readonly string[]): string =>
  all.slice(0, shownMax).join(', ') + (all.length > shownMax ? ` and ${all.length - shownMax} more` : '')
