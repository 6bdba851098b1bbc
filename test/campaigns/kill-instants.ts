// When a copy is killed: at a random time, or at the instant of one of its own steps, which a random time hardly ever meets.
import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import {
  type Fault,
  type InterferingProxy,
  type PassingRequest,
  pathOf,
  startInterferingProxy,
} from '../faults/interfering-proxy.ts'

export type KillInstant =
  | { readonly kind: 'time'; readonly ms: number }
  | {
      readonly kind: 'request'
      readonly step: Step
      readonly when: 'before' | 'after'
      readonly nth: number
      readonly ms: number
    }
  | { readonly kind: 'rename'; readonly ms: number }

const isPut = (request: PassingRequest) => request.method === 'PUT'

/** The requests of a copy, and of a journey by snapshots, each of which changes what a next run finds. */
const steps = {
  search: (request) => pathOf(request).endsWith('/_search'),
  create: (request) => isPut(request) && /^\/[^/_][^/]*$/.test(pathOf(request)),
  settings: (request) => isPut(request) && pathOf(request).endsWith('/_settings'),
  bulk: (request) => pathOf(request).endsWith('/_bulk'),
  refresh: (request) => pathOf(request).endsWith('/_refresh'),
  aliases: (request) => pathOf(request) === '/_aliases',
  snapshot: (request) => isPut(request) && /^\/_snapshot\/[^/]+\/[^/]+$/.test(pathOf(request)),
  close: (request) => pathOf(request).endsWith('/_close'),
  restore: (request) => pathOf(request).endsWith('/_restore'),
  open: (request) => pathOf(request).endsWith('/_open'),
  recovery: (request) => pathOf(request).endsWith('/_recovery'),
} satisfies Record<string, (request: PassingRequest) => boolean>

export type Step = keyof typeof steps

export interface InstantChoice {
  /** Milliseconds after the start. */
  readonly withinMs: number
  readonly steps: readonly Step[]
  readonly hasFile: boolean
}

/** Half at any time, a quarter while the program is starting, a quarter at a step. */
export function chooseInstant(chance: () => number, { withinMs, steps, hasFile }: InstantChoice): KillInstant {
  const kind = chance()
  const ms = Math.round(chance() * withinMs)
  if (kind < 0.5) return { kind: 'time', ms }
  if (kind < 0.75) return { kind: 'time', ms: Math.round(chance() * Math.min(700, withinMs)) }
  if (hasFile && chance() < 0.5) return { kind: 'rename', ms: withinMs }
  const step = steps[Math.floor(chance() * steps.length)] as Step
  const nth = step === 'bulk' || step === 'search' ? 1 + Math.floor(chance() * 8) : 1 + Math.floor(chance() * 3)
  return { kind: 'request', step, when: chance() < 0.5 ? 'before' : 'after', nth, ms: withinMs }
}

export function describeInstant(instant: KillInstant): string {
  if (instant.kind === 'time') return `after ${instant.ms} ms`
  if (instant.kind === 'rename') return 'when the file got its name'
  return `${instant.when} ${instant.step} ${instant.nth}`
}

/** Stands before a cluster and strikes at a step of the copy that goes through it. */
export class StepWatch implements AsyncDisposable {
  private readonly proxy: InterferingProxy
  private readonly pending: {
    strike: ((request: PassingRequest) => 'before' | 'after' | undefined) | undefined
    kill: () => void
  }

  private constructor(proxy: InterferingProxy, pending: StepWatch['pending']) {
    this.proxy = proxy
    this.pending = pending
  }

  static async before(cluster: string): Promise<StepWatch> {
    const pending: StepWatch['pending'] = { strike: undefined, kill: () => {} }
    const fault: Fault = async (request, next) => {
      const when = pending.strike?.(request)
      if (when === 'before') pending.kill()
      // A request whose sender was killed just before may still get through: that is as with a real network.
      const answer = await next(request)
      if (when === 'after') pending.kill()
      return answer
    }
    return new StepWatch(await startInterferingProxy(cluster, [fault]), pending)
  }

  get url(): string {
    return this.proxy.url
  }

  arm(instant: KillInstant | undefined, kill: () => void): void {
    this.pending.kill = kill
    if (instant?.kind !== 'request') {
      this.pending.strike = undefined
      return
    }
    const { step, when, nth } = instant
    let seen = 0
    this.pending.strike = (request) => (steps[step](request) && ++seen === nth ? when : undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]()
  }
}

/** Strikes when a file of this name appears. */
export function onRename(file: string, strike: () => void): Disposable {
  const watcher = watch(dirname(file), (event, name) => {
    if (event === 'rename' && name === basename(file)) strike()
  })
  return { [Symbol.dispose]: () => watcher.close() }
}
