// `indexferry snapshot …`: which action, on which cluster, with which of the options.
import type { Cluster } from '../../cluster/cluster.ts'
import { openCluster } from '../../cluster/open-cluster.ts'
import { parseOptionValues } from '../../config/parse-options.ts'
import { connectionOf } from '../../engine/open-sides.ts'
import { stateFolder } from '../../engine/state-folder.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { parseLocation } from '../../model/location.ts'
import type { CommandCall } from './commands.ts'
import { pauseSignal } from './pause-signal.ts'
import { ProgressDisplay } from './progress-display.ts'
import { runCleanup, runDelete, runIam, runList, runRegister } from './snapshot-repository.ts'
import { runRestore } from './snapshot-restore.ts'
import { runCreate, runShow, runStatus } from './snapshot-take.ts'

export type SnapshotValues = ReturnType<typeof parseOptionValues>

export interface SnapshotCall {
  readonly values: SnapshotValues
  readonly cluster: Cluster
  readonly repository: string | undefined
  readonly snapshot: string | undefined
  readonly stateFolder: string
  readonly display: ProgressDisplay
  readonly signal: AbortSignal
  readonly note: (text: string) => void
  /** Another cluster, with the connection options of the other side. */
  readonly openOther: (text: string) => Promise<Cluster>
}

interface Action {
  readonly needs: readonly ('repository' | 'snapshot')[]
  readonly may?: readonly ('repository' | 'snapshot')[]
  /** Options of `mechanism/snapshot/options.ts` that it takes, besides `side`. */
  readonly takes: readonly string[]
  readonly run: (call: SnapshotCall) => Promise<number>
}

const contents = ['indices', 'exclude', 'body', 'globalState', 'partial', 'featureState']

const actions: Readonly<Record<string, Action>> = {
  register: {
    needs: ['repository'],
    takes: [
      ...[
        'type',
        'bucket',
        'basePath',
        'location',
        'region',
        'endpoint',
        'roleArn',
        'serverSideEncryption',
        'cannedAcl',
      ],
      ...['accessKeyId', 'secretAccessKey', 'readonly', 'setting', 'replace', 'skipVerification', 'movedTo', 'body'],
    ],
    run: runRegister,
  },
  create: {
    needs: ['repository', 'snapshot'],
    takes: [...contents, 'ignoreUnavailable', 'metadata', 'detach', 'waitForOthers'],
    run: runCreate,
  },
  status: { needs: [], may: ['repository', 'snapshot'], takes: ['watch'], run: runStatus },
  list: { needs: [], may: ['repository'], takes: ['sizes'], run: runList },
  show: { needs: ['repository', 'snapshot'], takes: [], run: runShow },
  restore: {
    needs: ['repository', 'snapshot'],
    takes: [
      ...contents,
      ...['overExisting', 'renamePattern', 'renameReplacement', 'indexSetting', 'ignoreIndexSetting', 'withoutAliases'],
      ...['live', 'relax', 'stalledAfter', 'movedTo', 'waitForOthers'],
    ],
    run: runRestore,
  },
  delete: { needs: ['repository', 'snapshot'], takes: ['yes', 'waitForOthers'], run: runDelete },
  cleanup: { needs: ['repository'], takes: ['waitForOthers'], run: runCleanup },
}

const iamTakes = ['bucket', 'roleArn', 'domainArn', 'partition']
const names = [...Object.keys(actions), 'iam']

export async function runSnapshotCommand(call: CommandCall): Promise<number> {
  const values = parseOptionValues('snapshot', call.flags, process.env)
  const [name = '', ...places] = call.args
  const action = actions[name]
  if (name === 'iam') {
    refuseOthers(name, call, values, iamTakes)
    return runIam(values)
  }
  if (!action) throw usage(`\`indexferry snapshot\` does not know "${name}"`, `The actions are ${names.join(', ')}.`)
  refuseOthers(name, call, values, action.takes)
  return onCluster({ name, action, call, values }, places)
}

const usage = (sentence: string, remedy: string): IndexferryError => new IndexferryError('USAGE', sentence, { remedy })

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** An option that does nothing here is a misunderstanding, and with a restore a dangerous one. */
function refuseOthers(name: string, { flags }: CommandCall, values: SnapshotValues, takes: readonly string[]): void {
  const given = Object.keys(flags).map((flag) => flag.replace(/File$/, ''))
  const wrong = given.find((flag) => flag in values.snapshots && flag !== 'side' && !takes.includes(flag))
  if (wrong === undefined) return
  throw usage(`\`indexferry snapshot ${name}\` does not take --${kebab(wrong)}`, 'docs/snapshots.md shows each action.')
}

interface Called {
  readonly name: string
  readonly action: Action
  readonly call: CommandCall
  readonly values: SnapshotValues
}

async function onCluster({ name, action, call, values }: Called, places: readonly string[]): Promise<number> {
  const [address, repository, snapshot] = places
  const has = { repository, snapshot }
  const form = `indexferry snapshot ${name} CLUSTER${[...action.needs, ...(action.may ?? []).map((each) => `[${each}]`)].map((each) => ` ${each.toUpperCase()}`).join('')}`
  const isComplete = address !== undefined && action.needs.every((each) => has[each] !== undefined)
  const isTooMuch = (['repository', 'snapshot'] as const).some(
    (each) => has[each] !== undefined && !action.needs.includes(each) && !action.may?.includes(each),
  )
  if (!isComplete || isTooMuch || places.length > 3) {
    throw usage(`\`indexferry snapshot ${name}\` is not called like this`, `Write: ${form}`)
  }
  const side = values.snapshots.side ?? (name === 'restore' ? 'target' : 'source')
  const otherSide = side === 'source' ? 'target' : 'source'
  refuseOtherSide(call, values, { side, otherSide })
  const { quiet, progress } = values.engine
  using display = new ProgressDisplay(quiet ? 'none' : progress)
  using pause = pauseSignal(
    (text) => display.note(text),
    () => 'what the cluster has begun goes on without this command',
  )
  const note = (text: string) => {
    if (!quiet) display.note(text)
  }
  const open = (text: string, as: 'source' | 'target') => openAt(text, as, values, note)
  await using cluster = await open(address as string, side)
  return await action.run({
    values,
    cluster,
    repository,
    snapshot,
    stateFolder: stateFolder(values.engine.state, process.env),
    display,
    signal: pause.signal,
    note,
    openOther: (text) => open(text, otherSide),
  })
}

/** Credentials that are given for a side that is not asked would be left out without a word. */
function refuseOtherSide(
  { flags }: CommandCall,
  values: SnapshotValues,
  { side, otherSide }: { readonly side: string; readonly otherSide: string },
): void {
  if (values.snapshots.live !== undefined) return
  const wrong = Object.keys(flags).find((flag) => flag.startsWith(otherSide))
  if (wrong === undefined) return
  throw usage(
    `--${kebab(wrong)} is of the ${otherSide}, while CLUSTER is the ${side} here`,
    `Write --side ${otherSide}, or --${side}-… .`,
  )
}

function openAt(
  text: string,
  side: 'source' | 'target',
  values: SnapshotValues,
  note: (text: string) => void,
): Promise<Cluster> {
  const location = parseLocation(text, side === 'source' ? 'SOURCE' : 'TARGET')
  if (location.kind !== 'cluster' || location.index !== undefined) {
    throw new IndexferryError(
      'LOCATION_INVALID',
      `CLUSTER "${text.replace(/\/\/[^/]*@/, '//')}" is not the address of a cluster`,
      {
        remedy: 'Write https://host:9200, or https://proxy/path/ with a slash at its end.',
      },
    )
  }
  return openCluster(side, connectionOf(location, values[side], 8), note)
}
