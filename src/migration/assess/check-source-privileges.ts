// When a plan cannot be made for want of a privilege, tries the calls of a copy one by one, so that all that is missing is told at once.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import type { Finding } from './assessment.ts'
import { attemptCall } from './attempt-call.ts'

export async function checkSourcePrivileges(
  cluster: Cluster,
  expression: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const { dataStreams, clusterCalls } = cluster.capabilities
  const get = (path: string) => () => cluster.json({ method: 'GET', path, accept: [400, 404, 405], signal })
  const post = (call: string, body?: object) => () =>
    cluster.json({
      method: 'POST',
      path: indexPath(expression, call),
      ...(body ? { body } : {}),
      accept: [404],
      signal,
    })
  const tries: readonly (readonly [what: string, call: () => Promise<unknown>])[] = [
    ...(dataStreams ? ([['list data streams', get('/_data_stream/*')]] as const) : []),
    [`read the settings of ${expression}`, get(indexPath(expression, '_settings'))],
    [`read the definition of ${expression}`, get(indexPath(expression))],
    [`read the aliases of ${expression}`, get(indexPath(expression, '_alias'))],
    ...(clusterCalls
      ? ([[`read the statistics of ${expression}`, get(indexPath(expression, '_stats/docs,store'))]] as const)
      : []),
    [`search ${expression}`, post('_search', { size: 0 })],
    [`refresh ${expression}`, post('_refresh')],
  ]
  for (const [what, call] of tries) {
    signal.throwIfAborted()
    await attemptCall(findings, { check: 'privileges', what }, call)
  }
  return findings
}
