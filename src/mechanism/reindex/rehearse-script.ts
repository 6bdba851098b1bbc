// Whether a script writes anything, asked before a destination is made for it: the servers make none when a script leaves out every document or
// fails at the first. The cluster carries the call out with a pipeline that there is none of, so that it refuses whatever is to be indexed.
import { indexPath } from '../../cluster/paths.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import type { ReindexRequest } from '../../model/reindex.ts'
import type { CarriedDocuments } from './carry-call.ts'
import { findClusterReindex, startClusterReindex, watchClusterReindex } from './cluster-reindex.ts'
import { unlessForbidden } from './reindex-source.ts'
import type { ReindexRun } from './run-reindex.ts'

/** What the servers say of a script that cannot be compiled, fails, or does what none may. */
const ofScripts = new Set(['script_exception', 'illegal_argument_exception', 'class_cast_exception'])

/** Undefined: it writes something, or that is not to be known; then the destination is made and the call carried out. */
export async function rehearseScript(
  run: ReindexRun,
  request: ReindexRequest,
  name: string,
  stagings: readonly string[],
): Promise<CarriedDocuments | undefined> {
  const { target } = run
  // One from before a crash must not be taken for the call itself.
  const former = await findClusterReindex(target, name)
  if (former !== undefined) await watchClusterReindex(target, former, { ...run, onStatus: () => {}, cancel: tooLate })
  if (stagings.length === 0 || !(await isWorthwhile(run))) return undefined
  const dest = { ...request.dest, pipeline: `${name}-none` }
  try {
    const task = await startClusterReindex(target, { ...request, dest }, stagings, run.requestsPerSecond())
    const end = await watchClusterReindex(target, task, run)
    if (!end || end.failures.length > 0) return undefined
    const { created, updated, deleted, versionConflicts } = end.status
    return created + updated + deleted + versionConflicts === 0 ? end : undefined
  } catch (error) {
    if (run.stop.aborted || (isErrorOf(error, 'REQUEST_REFUSED') && ofScripts.has(String(error.fields.errorType))))
      throw error
    return undefined
  }
}

const tooLate = AbortSignal.abort('the rehearsal is over')

/** One that deletes, or names other indexes, would do so now already. */
async function isWorthwhile({ request, target, createIndex }: ReindexRun): Promise<boolean> {
  const { index, requireAlias } = request.dest
  const source = request.script?.source
  if (createIndex !== 'fromSource' || requireAlias || index.startsWith('<')) return false
  if (!target.capabilities.defaultPipelines || typeof source !== 'string' || /_index|delete/.test(source)) return false
  const found = await unlessForbidden(() => target.bytes({ method: 'HEAD', path: indexPath(index), accept: [404] }))
  return found?.status === 404
}
