// Which indexes of a leader an auto-follow rule means, and what their followers are called.
import type { AutoFollowRule } from '../../model/replication.ts'
import { fitsPattern, reachesHidden } from '../../source/index-expression.ts'

export interface LeaderMatch {
  readonly leaderIndex: string
  readonly follower: string
}

const placeholder = '{{leader_index}}'
/** Longer ones would not fit into a line of HTTP together with the rest. */
const expressionMax = 2_000
/** Each is a request of its own; of more patterns, all names are asked for at once. */
const partsMax = 3

/** In the order of the names. Indexes that begin with a dot are the system's own, and left to it. */
export function matchRule(rule: AutoFollowRule, names: readonly string[]): LeaderMatch[] {
  const { pattern, excluded, followerPattern } = rule
  const leftOut = excluded.flatMap(partsOf)
  return names
    .filter((name) => !name.startsWith('.') && isMeant(name, partsOf(pattern)))
    .filter((name) => !leftOut.some((each) => fitsPattern(name, each)))
    .map((leaderIndex) => ({
      leaderIndex,
      follower: followerPattern === undefined ? leaderIndex : followerPattern.replaceAll(placeholder, leaderIndex),
    }))
}

/** `-x` takes away from what stands before it, as in the servers' own expressions. */
function isMeant(name: string, parts: readonly string[]): boolean {
  let isIn = false
  for (const [at, part] of parts.entries()) {
    if (part.startsWith('-') && at > 0) isIn = isIn && !fitsPattern(name, part.slice(1))
    else if (fitsPattern(name, part === '_all' ? '*' : part)) isIn = true
  }
  return isIn
}

/** One expression that finds at least what each of the rules means. */
export function expressionFor(rules: readonly AutoFollowRule[]): string {
  const parts = rules.flatMap(({ pattern }) =>
    partsOf(pattern).filter((part, at) => !(at > 0 && part.startsWith('-')) && !reachesHidden(part)),
  )
  const different = [...new Set(parts)]
  const expression = different.join(',')
  const isShort = different.length > 0 && different.length <= partsMax && expression.length <= expressionMax
  return isShort && !different.includes('_all') ? expression : '*'
}

const partsOf = (pattern: string): string[] =>
  pattern
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
