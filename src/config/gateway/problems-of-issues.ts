import type { z } from 'zod'
import { nearestName } from '../nearest-name.ts'
import {
  type ConfigNode,
  type ConfigPath,
  type ConfigProblem,
  type ConfigTree,
  isConfigMap,
  missingValue,
  settingName,
} from './config-tree.ts'

/** What the schema has against the file, with the places where it stands. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  { root, places }: Pick<ConfigTree, 'root' | 'places'>,
): ConfigProblem[] {
  return issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      const map = nodeAt(root, issue.path)
      return issue.keys.map((key) => ({
        position: isConfigMap(map) ? places.ofKey(map, key) : undefined,
        setting: settingName([...issue.path, key.length > keyMax ? `${key.slice(0, keyMax)}…` : key]),
        sentence: unknownSentence(key, issue.path, issue.message.split(' ')),
      }))
    }
    // Reported already, with the place of the variable that is missing.
    if (issue.message === missingValue) return []
    return [{ position: places.find(root, issue.path), setting: settingName(issue.path), sentence: issue.message }]
  })
}

/** No setting is nearly as long. */
const keyMax = 64

function unknownSentence(key: string, path: ConfigPath, known: readonly string[]): string {
  if (key === '<<') return 'is a merge key, which is not taken; write the settings out'
  // People know some settings from the command line, with hyphens.
  const plain = key.replaceAll('-', '_').toLowerCase()
  const nearest = known.includes(plain) ? plain : key.length > keyMax ? undefined : nearestName(plain, known)
  if (nearest) return `is no setting; did you mean ${settingName([...path, nearest])}?`
  const owner = path.length === 0 ? 'The file' : settingName(path)
  return `is no setting. ${owner} takes ${known.join(', ')}`
}

function nodeAt(root: ConfigNode, path: ConfigPath): ConfigNode | undefined {
  let node: ConfigNode | undefined = root
  for (const step of path) node = (node as Readonly<Record<PropertyKey, ConfigNode>> | undefined)?.[step]
  return node
}
