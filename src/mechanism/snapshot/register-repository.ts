// Registers a snapshot repository, so that doing it twice is the same as once, and proves that every node can use it.
import type { Cluster } from '../../cluster/cluster.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { formatObjectLocation, type ObjectLocation } from '../../model/object-location.ts'
import { repositoryMissing, subjectOf } from './explain-refusal.ts'
import { whileUsing } from './explain-repository.ts'
import {
  checkDefinition,
  differingSettings,
  isSecretSetting,
  leadsTo,
  placeOf,
  type RepositoryDefinition,
  registerSecretSettings,
  withoutSecrets,
  withRegionRule,
} from './repository-settings.ts'
import { listSnapshots } from './snapshot-facts.ts'
import { checkRepositoryName, repositoryPath } from './snapshot-names.ts'

export interface RegisterRequest {
  readonly repository: string
  readonly definition: RepositoryDefinition
  /** Other settings than those that are registered win. */
  readonly replace: boolean
  /** Ask every node whether it can use it. */
  readonly verify: boolean
  /** Where the objects were moved to, when they were: the repository has to lead there. */
  readonly moved?: ObjectLocation | undefined
  /** This cluster is the one that writes there. */
  readonly writes?: boolean
  readonly note: (text: string) => void
}

export interface RegisteredRepository {
  readonly repository: string
  readonly type: string
  /** Without secrets. */
  readonly settings: JsonObject
  readonly place: string
  readonly outcome: 'registered' | 'there already' | 'replaced'
  /** Names of the nodes that proved to see it; empty without verification. */
  readonly nodes: readonly string[]
  /** Of a repository that was verified. */
  readonly snapshots: number | null
}

export async function registerRepository(cluster: Cluster, request: RegisterRequest): Promise<RegisteredRepository> {
  const { repository, moved, note } = request
  checkRepositoryName(repository)
  const definition = withRegionRule(request.definition, note)
  registerSecretSettings(definition.settings)
  checkDefinition(definition)
  if (moved) {
    checkPlace(cluster, repository, definition, moved)
    if (request.writes !== true && String(definition.settings.readonly) !== 'true')
      note(
        'the repository is written elsewhere: register it with --readonly, or this cluster will not see later snapshots',
      )
  }
  const before = await findRepository(cluster, repository)
  const outcome = outcomeOf(cluster, request, before, definition)
  // Servers do not show secrets, so that nobody knows whether they are the same: they are set again, which changes nothing else.
  const hasSecrets = Object.keys(definition.settings).some(isSecretSetting)
  if (outcome !== 'there already' || hasSecrets) await putRepository(cluster, repository, definition)
  const verified = request.verify ? await verifyRepository(cluster, repository) : undefined
  return {
    repository,
    type: definition.type,
    settings: withoutSecrets(definition.settings),
    place: placeOf(definition),
    outcome,
    nodes: verified?.nodes ?? [],
    snapshots: verified?.snapshots ?? null,
  }
}

function outcomeOf(
  cluster: Cluster,
  { repository, replace }: RegisterRequest,
  before: RepositoryDefinition | undefined,
  wanted: RepositoryDefinition,
): RegisteredRepository['outcome'] {
  if (!before) return 'registered'
  const differences = differingSettings(before.settings, wanted.settings)
  if (before.type === wanted.type && differences.length === 0) return 'there already'
  if (replace) return 'replaced'
  const told = differences.map(
    ({ name, is, wanted: want }) => `${name} is ${is ?? 'not set'} instead of ${want ?? 'not set'}`,
  )
  if (before.type !== wanted.type) told.unshift(`its type is ${before.type} instead of ${wanted.type}`)
  throw new IndexferryError(
    'REPOSITORY_DIFFERS',
    `${subjectOf(cluster)} has a repository ${repository} with other settings: ${told.join(', ')}`,
    { side: cluster.side, fields: { repository } },
  )
}

async function putRepository(cluster: Cluster, repository: string, definition: RepositoryDefinition): Promise<void> {
  const call = () =>
    cluster.json({
      method: 'PUT',
      path: repositoryPath(repository),
      // Verified by a call of its own, whose failures tell of one thing only.
      query: { verify: false },
      body: { type: definition.type, settings: definition.settings },
    })
  await whileUsing(cluster, { repository }, call)
}

/** Undefined when there is none of this name. */
async function findRepository(cluster: Cluster, repository: string): Promise<RepositoryDefinition | undefined> {
  const { status, body } = await cluster.json<JsonObject>({
    method: 'GET',
    path: repositoryPath(repository),
    accept: [404],
  })
  const entry = status === 404 || !isJsonObject(body) ? undefined : body[repository]
  if (!isJsonObject(entry)) return undefined
  const settings = isJsonObject(entry.settings) ? entry.settings : {}
  registerSecretSettings(settings)
  return { type: String(entry.type), settings }
}

export interface VerifiedRepository {
  readonly nodes: readonly string[]
  readonly snapshots: number
}

/**
 * Every node writes and reads a file, except in repositories that are only read, of which a verification says nothing: listing its
 * snapshots needs the index of the repository in any case.
 */
async function verifyRepository(cluster: Cluster, repository: string): Promise<VerifiedRepository> {
  const { body } = await whileUsing(cluster, { repository }, () =>
    cluster.json<JsonObject>({ method: 'POST', path: repositoryPath(repository, '_verify') }),
  )
  const nodes = isJsonObject(body) && isJsonObject(body.nodes) ? Object.values(body.nodes) : []
  const found = await listSnapshots(cluster, repository)
  return { nodes: nodes.map((node) => (isJsonObject(node) ? String(node.name) : '')).sort(), snapshots: found.length }
}

/** What `restore` and the journey ask before they begin: the repository is there and leads to where the objects were moved. */
export async function requireRepository(
  cluster: Cluster,
  repository: string,
  moved?: ObjectLocation,
): Promise<RepositoryDefinition> {
  const definition = await findRepository(cluster, repository)
  if (!definition) throw repositoryMissing(cluster, repository)
  if (moved) checkPlace(cluster, repository, definition, moved)
  return definition
}

function checkPlace(
  cluster: Cluster,
  repository: string,
  definition: RepositoryDefinition,
  moved: ObjectLocation,
): void {
  if (leadsTo(definition, moved)) return
  throw new IndexferryError(
    'REPOSITORY_MISMATCH',
    `${subjectOf(cluster)}: the repository ${repository} (${definition.type}) leads to ${placeOf(definition) || 'the root of nothing'}, but the snapshots are at ${formatObjectLocation(moved)}`,
    { side: cluster.side, fields: { repository, place: placeOf(definition) } },
  )
}
