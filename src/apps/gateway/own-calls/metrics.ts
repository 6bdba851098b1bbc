// What the gateway counts, for `GET /_indexferry/metrics`. Every label has a small, fixed set of values, so that the size of an answer
// does not depend on who calls and with what.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { now } from '../../../foundation/clock.ts'
import type { ReplicationState, ReplicationStatus } from '../../../model/replication.ts'

export type TaskKind = 'reindex'
export type TaskEnd = 'completed' | 'failed' | 'cancelled'
export type DocumentOutcome = 'created' | 'updated' | 'deleted' | 'noop' | 'version_conflict' | 'failed'
/** `busy`: the cluster answered 429 or 503; `document`: it refused a document; `call`: the gateway refused a call. */
export type Rejection = 'busy' | 'document' | 'call'

/** One call to the gateway that has been answered. */
export interface CountedCall {
  /** Of the route, or `pass` for what was passed on to the cluster. */
  readonly operation: string
  readonly status: number
  readonly seconds: number
  /** How much of it the cluster took, where that is known; the rest is the gateway's own. */
  readonly clusterSeconds?: number | undefined
}

export type CountedReplication = Pick<ReplicationStatus, 'state' | 'lagSeconds' | 'deletesLagSeconds'>

const replicationStates: readonly ReplicationState[] = ['BOOTSTRAPPING', 'SYNCING', 'PAUSED', 'FAILED']

/** From a quarter of a millisecond, which is what passing on takes, to the calls that wait for a task. */
const latencyBuckets = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600,
]

/** Routes are fewer; this holds even if an operation were once named after what somebody sent. */
const operationsMax = 100

export class GatewayMetrics {
  readonly #registry = new Registry()
  readonly #tasksRunning: Gauge<'kind'>
  readonly #tasksEnded: Counter<'kind' | 'state'>
  readonly #documents: Counter<'kind' | 'outcome'>
  readonly #bytes: Counter<'kind' | 'direction'>
  readonly #retries: Counter<'side'>
  readonly #rejections: Counter<'what'>
  readonly #passed: Counter<'status'>
  readonly #own: Counter<'operation' | 'status'>
  readonly #seconds: Histogram<'operation' | 'side'>
  readonly #connections: Gauge
  readonly #replications: Gauge<'state'>
  readonly #lag: Gauge<'what'>
  #readReplications: () => readonly CountedReplication[] = () => []
  readonly #operations = new Set<string>()

  constructor() {
    const registers = [this.#registry]
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
      new Counter({ name: `indexferry_${name}`, help, labelNames, registers })
    const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
      new Gauge({ name: `indexferry_${name}`, help, labelNames, registers })
    this.#tasksRunning = gauge('tasks_running', 'Tasks that run now.', ['kind'])
    this.#tasksEnded = counter('tasks_ended_total', 'Tasks that have ended, by how.', ['kind', 'state'])
    this.#documents = counter('documents_total', 'Documents that tasks have dealt with, by outcome.', [
      'kind',
      'outcome',
    ])
    this.#bytes = counter('bytes_total', 'Bytes of documents that tasks have read and written.', ['kind', 'direction'])
    this.#retries = counter('retries_total', 'Requests of tasks that were sent again, by side.', ['side'])
    this.#rejections = counter('rejections_total', 'What was refused: requests by a busy cluster, documents, calls.', [
      'what',
    ])
    this.#passed = counter('passed_requests_total', 'Requests passed on to the cluster, by class of status.', [
      'status',
    ])
    this.#own = counter('own_requests_total', 'Calls that the gateway answered itself.', ['operation', 'status'])
    this.#seconds = new Histogram({
      name: 'indexferry_request_seconds',
      help: 'Time to answer: `whole`, and of it what the `cluster` and the `gateway` took where both are known.',
      labelNames: ['operation', 'side'],
      buckets: latencyBuckets,
      registers,
    })
    this.#connections = gauge('connections_open', 'Connections of clients that are open now.', [])
    this.#replications = gauge('replications', 'Replications, by state.', ['state'])
    this.#lag = gauge('replication_lag_seconds', 'How far the replication is behind that is the furthest behind.', [
      'what',
    ])
    this.#countProcess()
    this.#beginAtZero()
  }

  taskStarted(kind: TaskKind): void {
    this.#tasksRunning.inc({ kind })
  }

  taskEnded(kind: TaskKind, state: TaskEnd): void {
    this.#tasksRunning.dec({ kind })
    this.#tasksEnded.inc({ kind, state })
  }

  documents(kind: TaskKind, outcome: DocumentOutcome, count: number): void {
    this.#documents.inc({ kind, outcome }, count)
  }

  bytes(kind: TaskKind, direction: 'read' | 'written', count: number): void {
    this.#bytes.inc({ kind, direction }, count)
  }

  retried(side: 'source' | 'target', count = 1): void {
    this.#retries.inc({ side }, count)
  }

  rejected(what: Rejection, count = 1): void {
    this.#rejections.inc({ what }, count)
  }

  callEnded(call: CountedCall): void {
    const { status, seconds, clusterSeconds } = call
    const operation = this.#operation(call.operation)
    const statusClass = status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : 'none'
    if (operation === 'pass') this.#passed.inc({ status: statusClass })
    else {
      this.#own.inc({ operation, status: statusClass })
      if (statusClass === '4xx' && status !== 404) this.rejected('call')
    }
    this.#seconds.observe({ operation, side: 'whole' }, seconds)
    if (clusterSeconds === undefined) return
    this.#seconds.observe({ operation, side: 'cluster' }, clusterSeconds)
    this.#seconds.observe({ operation, side: 'gateway' }, Math.max(0, seconds - clusterSeconds))
  }

  #operation(name: string): string {
    if (this.#operations.size < operationsMax) this.#operations.add(name)
    return this.#operations.has(name) ? name : 'other'
  }

  connectionOpened(): void {
    this.#connections.inc()
  }

  connectionClosed(): void {
    this.#connections.dec()
  }

  /** Asked each time when the metrics are. */
  watchReplications(read: () => readonly CountedReplication[]): void {
    this.#readReplications = read
  }

  #countReplications(): void {
    const all = this.#readReplications()
    for (const state of replicationStates) {
      this.#replications.set({ state: state.toLowerCase() }, all.filter((each) => each.state === state).length)
    }
    const most = (lags: readonly (number | undefined)[]) =>
      lags.reduce<number>((max, lag) => Math.max(max, lag ?? 0), 0)
    this.#lag.set({ what: 'writes' }, most(all.map(({ lagSeconds }) => lagSeconds)))
    this.#lag.set({ what: 'deletes' }, most(all.map(({ deletesLagSeconds }) => deletesLagSeconds)))
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE

  /** In the text format of Prometheus. */
  render(): Promise<string> {
    this.#countReplications()
    return this.#registry.metrics()
  }

  /** Names as in every other program, so that dashboards find them. */
  #countProcess(): void {
    const registers = [this.#registry]
    new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory size in bytes.',
      registers,
      collect() {
        this.set(process.memoryUsage.rss())
      },
    })
    new Counter({
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      registers,
      collect() {
        const { user, system } = process.cpuUsage()
        this.reset()
        this.inc((user + system) / 1e6)
      },
    })
    const started = new Gauge({
      name: 'process_start_time_seconds',
      help: 'Start time of the process since the epoch in seconds.',
      registers,
    })
    started.set(Math.floor(now() / 1000 - process.uptime()))
  }

  /** A rate over something that has never happened is nought, and not missing. */
  #beginAtZero(): void {
    const kind = 'reindex'
    this.#tasksRunning.set({ kind }, 0)
    for (const state of ['completed', 'failed', 'cancelled']) this.#tasksEnded.inc({ kind, state }, 0)
    for (const direction of ['read', 'written']) this.#bytes.inc({ kind, direction }, 0)
    for (const side of ['source', 'target']) this.#retries.inc({ side }, 0)
    for (const what of ['busy', 'document', 'call']) this.#rejections.inc({ what }, 0)
    for (const outcome of ['created', 'updated', 'deleted', 'noop', 'version_conflict', 'failed']) {
      this.#documents.inc({ kind, outcome }, 0)
    }
    this.#connections.set(0)
  }
}
