// `POST /_reindex`. Without a remote the cluster does it itself, exactly as always; with one it becomes a task of ours.
import type { RemoteOpener } from '../../../engine/remote/remote-opener.ts'
import type { TaskRecord, TaskRunner } from '../../../engine/tasks/task.ts'
import { isErrorOf } from '../../../foundation/errors.ts'
import { type ClusterVersion, isAtLeast } from '../../../model/cluster-version.ts'
import type { ReindexRequest, RemoteHost } from '../../../model/reindex.ts'
import type { GatewayAnswer, GatewayCall, Route } from '../route.ts'
import { describeReindex } from './describe-reindex.ts'
import { entryOf, type LocatedValue, locateJson } from './located-json.ts'
import { refuseSource } from './object-parser.ts'
import { parseReindex } from './parse-reindex.ts'
import { illegalArgument, RefusedCall } from './refused-call.ts'
import { rehearse } from './rehearse-call.ts'
import { answerStatus, responseBody } from './reindex-answer.ts'
import { bodyForm, jsonTextOf, mayNameRemote } from './request-body.ts'
import { serverErrorOf, statusOfError } from './server-error.ts'

export interface ReindexDependencies {
  /** The local cluster: its version's words are spoken. */
  readonly server: (call: GatewayCall) => ClusterVersion | Promise<ClusterVersion>
  readonly tasks: Pick<TaskRunner, 'start' | 'wait'>
  readonly remotes: Pick<RemoteOpener, 'check'>
}

export function reindexRoutes(dependencies: ReindexDependencies): Route[] {
  const handle = async (call: GatewayCall) => {
    const taken = await takeOver(call)
    return taken === undefined ? 'pass' : 'status' in taken ? taken : await answerReindex(call, taken, dependencies)
  }
  return [{ method: 'POST', path: '/_reindex', operation: 'reindex', handle }]
}

interface RemoteCall {
  readonly text: string
  readonly root: LocatedValue
  readonly isJson: boolean
}

/** Undefined: there is no remote in it, or nothing that can be read; the cluster answers. */
async function takeOver(call: GatewayCall): Promise<RemoteCall | GatewayAnswer | undefined> {
  const form = bodyForm(call.headers['content-type'])
  if (form === undefined) return undefined
  const body = await call.body()
  if (!mayNameRemote(body)) return undefined
  if (form === 'smile') return refusedSmile
  const text = jsonTextOf(form, body)
  const root = text === undefined ? undefined : locateJson(text)
  const remote = entryOf(entryOf(root, 'source')?.value, 'remote')?.value
  // Null is none; anything else but an object the cluster refuses in its own words, and an empty one as well.
  if (text === undefined || !root || remote?.kind !== 'object' || remote.entries.length === 0) return undefined
  return { text, root, isJson: form === 'json' }
}

/** As bytes, because an answer as SMILE is no more to be had than a call. */
const refusedSmile: GatewayAnswer = {
  status: 406,
  headers: { 'content-type': 'application/json; charset=UTF-8' },
  body: Buffer.from(
    JSON.stringify({
      error:
        'Content-Type header [application/smile] is not supported for a reindex from remote: send JSON, YAML or CBOR',
      status: 406,
    }),
  ),
}

async function answerReindex(
  call: GatewayCall,
  remoteCall: RemoteCall,
  { server, tasks, remotes }: ReindexDependencies,
): Promise<GatewayAnswer> {
  const { refusal, headers: warned } = await rehearse(call, remoteCall)
  if (refusal) return refusal
  const headers = { ...warned }
  const version = await server(call)
  let remote: RemoteHost | undefined
  try {
    const { request, waitForCompletion } = parseReindex(Buffer.from(remoteCall.text), call.query, version)
    remote = request.remote
    if (request.source.sort) warnOfSort(headers, version)
    if (remote) await checkRemote(remote, remoteCall, remotes)
    const started = await tasks.start(startOf(call, request, version))
    if (!waitForCompletion) return { status: 200, headers, body: { task: started.id } }
    // Whoever goes away leaves the task running, as with the servers, which make theirs without looking at the connection.
    const ended = await tasks.wait(started.id, undefined, call.signal)
    return { ...answerOf(ended ?? started, call.query, version), headers }
  } catch (error) {
    if (call.signal.aborted) throw error
    const { status, body } = serverErrorOf(error, { server: version, remote })
    return { status, headers, body }
  }
}

/** Said after the allow-list was asked, and so not in the rehearsal; OpenSearch only logs it. */
function warnOfSort(headers: Record<string, string>, version: ClusterVersion): void {
  if (!isAtLeast(version, 'elasticsearch', 7, 6)) return
  const sentence =
    'The sort option in reindex is deprecated. Instead consider using query filtering to find the desired subset of data.'
  const warning = `299 Elasticsearch-${version.number}-unknown "${sentence}"`
  headers.warning = headers.warning === undefined ? warning : `${headers.warning}, ${warning}`
}

/** Hosts that are neither complete nor the endpoint of a connection are refused like the servers' parser refuses them. */
async function checkRemote(
  remote: RemoteHost,
  { text, root }: RemoteCall,
  remotes: ReindexDependencies['remotes'],
): Promise<void> {
  try {
    await remotes.check(remote)
  } catch (error) {
    const source = entryOf(root, 'source')?.value
    if (!source || !isErrorOf(error, 'REMOTE_NOT_ALLOWED') || !error.message.startsWith('[host] must be')) throw error
    const portless = {
      type: 'u_r_i_syntax_exception',
      reason: `The port was not defined in the [host]: ${remote.host}`,
    }
    throw refuseSource(text, source, illegalArgument(error.message, portless))
  }
}

function startOf(call: GatewayCall, request: ReindexRequest, version: ClusterVersion) {
  const opaque = call.headers['x-opaque-id']
  return {
    request,
    description: describeReindex(request, version),
    clusterHeaders: call.caller.clusterHeaders,
    headers: typeof opaque === 'string' ? { 'X-Opaque-Id': opaque } : {},
  }
}

/** The answer to a call that has waited for its task. */
export function answerOf(task: TaskRecord, query: URLSearchParams, server: ClusterVersion): GatewayAnswer {
  const { outcome, error } = task
  if (outcome) {
    const human = query.has('human') && query.getAll('human').at(-1) !== 'false'
    return { status: answerStatus(outcome), body: responseBody(outcome, { server, human }) }
  }
  if (error) {
    const status = statusOfError(error)
    const { caused_by: _, ...root } = error
    return { status, body: { error: { root_cause: [root], ...error }, status } }
  }
  // Kept tasks end with one of the two; this one was thrown away while it was waited for.
  const gone = new RefusedCall(404, {
    type: 'resource_not_found_exception',
    reason: `task [${task.id}] isn't running and hasn't stored its results`,
  })
  const { status, body } = serverErrorOf(gone, { server })
  return { status, body }
}
