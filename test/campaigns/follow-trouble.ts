// What happens to the parties of a following campaign: each trouble begins, lasts for a random while, and is over when it resolves.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Weather, WeatherProxy } from '../faults/weather-proxy.ts'
import { eventually } from '../journeys/indexferry.ts'
import { ask } from '../servers/http.ts'
import type { OwnServer } from '../servers/servers.ts'

export interface Party {
  readonly server: OwnServer
  readonly proxy: WeatherProxy
  /** Of the server's process group; another one after a restart. */
  pid: number
}

export interface Parties {
  readonly source: Party
  readonly target: Party
  readonly follower: {
    kill(): Promise<void>
    pause(): Promise<void>
    signal(name: 'SIGSTOP' | 'SIGCONT'): void
  }
  readonly index: () => string
  readonly chance: () => number
  /** Before the target is killed. */
  readonly onTargetKill: () => void
}

export type Trouble = (parties: Parties) => Promise<string>

const between = (chance: () => number, least: number, most: number): number =>
  Math.round(least + chance() * (most - least))

const weather =
  (side: 'source' | 'target', choose: (chance: () => number) => Weather): Trouble =>
  async (parties) => {
    const { proxy } = parties[side]
    const chosen = choose(parties.chance)
    const ms = between(parties.chance, 50, 2_500)
    proxy.set(chosen)
    await sleep(ms)
    proxy.set({ kind: 'clear' })
    return `${side} ${chosen.kind} ${ms} ms`
  }

const slow = (chance: () => number): Weather => ({
  kind: 'slow',
  delayMs: between(chance, 1, 60),
  pieceBytes: between(chance, 100, 20_000),
})

const stopServer =
  (side: 'source' | 'target'): Trouble =>
  async ({ chance, ...parties }) => {
    const { pid } = parties[side]
    const ms = between(chance, 200, 3_000)
    process.kill(-pid, 'SIGSTOP')
    await sleep(ms)
    try {
      process.kill(-pid, 'SIGCONT')
    } catch (error) {
      // It may have been killed and started again meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
    return `${side} stood still ${ms} ms`
  }

const killFollower: Trouble = async ({ follower }) => {
  await follower.kill()
  return 'follower killed'
}

const pauseFollower: Trouble = async ({ follower }) => {
  await follower.pause()
  return 'follower paused'
}

const stopFollower: Trouble = async ({ follower, chance }) => {
  const ms = between(chance, 100, 2_500)
  follower.signal('SIGSTOP')
  await sleep(ms)
  follower.signal('SIGCONT')
  return `follower stood still ${ms} ms`
}

const calls = ['_flush', '_forcemerge?max_num_segments=1', '_refresh', '_close', '_flush?force=true'] as const

const maintain: Trouble = async ({ source, chance, index }) => {
  const call = calls[Math.floor(chance() * calls.length)] as string
  const post = (path: string) => ask(`${source.server.url}/${index()}/${path}`, { method: 'POST', timeout: 20_000 })
  await post(call).catch(() => {})
  if (call === '_close') {
    await sleep(between(chance, 0, 1_000))
    // The server may be killed and started again meanwhile.
    const open = async () => ((await post('_open').catch(() => undefined))?.status === 200 ? true : undefined)
    await eventually('the index being open again', open, 120_000)
  }
  return `source ${call}`
}

/** Writes of the target wait for nothing of it: what it was sent and has not answered is carried out late. */
const rollTarget: Trouble = async ({ target, chance, index }) => {
  const call = calls[Math.floor(chance() * 3)] as string
  await ask(`${target.server.url}/${index()}/${call}`, { method: 'POST', timeout: 20_000 }).catch(() => {})
  return `target ${call}`
}

export const commonTroubles: readonly Trouble[] = [
  killFollower,
  killFollower,
  pauseFollower,
  stopFollower,
  weather('source', () => ({ kind: 'cut' })),
  weather('target', () => ({ kind: 'cut' })),
  weather('source', () => ({ kind: 'frozen' })),
  weather('target', () => ({ kind: 'frozen' })),
  weather('source', slow),
  weather('target', slow),
  stopServer('source'),
  stopServer('target'),
  maintain,
  rollTarget,
]

/** These take long. */
export const restartSource: Trouble = async ({ source }) => {
  source.pid = await source.server.restart()
  return 'source killed and started again'
}

export const restartTarget: Trouble = async ({ target, onTargetKill }) => {
  onTargetKill()
  target.pid = await target.server.restart()
  onTargetKill()
  return 'target killed and started again'
}
