// Files that the analysis of a leader reads (synonyms, stop words, …): every node of the follower has to have them. Creating the index finds it out by
// itself; a leader that got them since is found out here, before it is followed on.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts'
import type { ReplicationRequest } from '../../model/replication.ts'
import { readDefinition } from '../../source/read-definition.ts'
import { flattenSettings } from '../../transform/setting-paths.ts'
import { overridesOf } from './override-settings.ts'

/** A filter or a tokenizer that reads files, as `_analyze` takes it. */
export interface FileReader {
  readonly kind: 'filter' | 'char_filter' | 'tokenizer'
  readonly name: string
  readonly definition: JsonObject
}

/** `leader` and `overrides`: flat settings without `index.`; the follower's go before the leader's. */
export function fileReaders(
  leader: Iterable<readonly [string, JsonValue]>,
  overrides: Readonly<Record<string, JsonValue>>,
): FileReader[] {
  const found = new Map<string, { kind: FileReader['kind']; name: string; definition: Record<string, JsonValue> }>()
  for (const [path, value] of [...leader, ...Object.entries(overrides)]) {
    const [, kind, name, field] = /^analysis\.(filter|char_filter|tokenizer)\.([^.]+)\.([^.]+)$/.exec(path) ?? []
    if (kind === undefined || name === undefined || field === undefined) continue
    const reader = found.get(`${kind}.${name}`) ?? { kind: kind as FileReader['kind'], name, definition: {} }
    reader.definition[field] = value
    found.set(`${kind}.${name}`, reader)
  }
  return [...found.values()].filter(({ definition }) =>
    Object.keys(definition).some((field) => field.endsWith('_path')),
  )
}

/** In the words of the servers. Whatever else they say of a definition, is not about files. */
const lacksFile = /IOException while reading|file not readable|NoSuchFileException/

/** Throws ANALYSIS_FILE_MISSING. Nothing is changed: the follower is asked to analyze a letter with each of them. */
export async function checkAnalysisFiles(
  leader: Cluster,
  local: Cluster,
  { leaderIndex, follower, settings }: Pick<ReplicationRequest, 'leaderIndex' | 'follower' | 'settings'>,
): Promise<void> {
  const ofLeader = await readDefinition(leader, leaderIndex)
  for (const { kind, name, definition } of fileReaders(flattenSettings(ofLeader.settings), overridesOf(settings))) {
    const body: JsonObject =
      kind === 'tokenizer'
        ? { tokenizer: definition, text: 'a' }
        : { tokenizer: 'standard', [kind]: [definition], text: 'a' }
    try {
      await local.json({ method: 'POST', path: indexPath(follower, '_analyze'), body, retry: 'safe' })
    } catch (error) {
      // Who may not analyze, or an old version that takes names only: the mapping that needs it is told of later. What is wrong with the index as well.
      if (!isErrorOf(error, 'REQUEST_REFUSED', 'PRIVILEGE_MISSING', 'INDEX_MISSING', 'INDEX_CLOSED')) throw error
      if (lacksFile.test(error.message)) throw fileMissing(`${kind}.${name}`, definition, error)
    }
  }
}

/** What the cluster said when the follower was to be made; anything else as it is. */
export function analysisRefusal(error: unknown): unknown {
  if (!isErrorOf(error, 'DEFINITION_REFUSED') || !lacksFile.test(error.message)) return error
  const [said] = /IOException while reading.*/s.exec(error.message) ?? [error.message]
  return new IndexferryError('ANALYSIS_FILE_MISSING', said, { side: 'target', cause: error })
}

function fileMissing(place: string, definition: JsonObject, cause: unknown): IndexferryError {
  const [field = '', file = ''] = Object.entries(definition).find(([name]) => name.endsWith('_path')) ?? []
  const told = isJsonObject(file) ? '' : String(file)
  return new IndexferryError(
    'ANALYSIS_FILE_MISSING',
    `IOException while reading index.analysis.${place}.${field}: ${told}`,
    { side: 'target', cause },
  )
}
