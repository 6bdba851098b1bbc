// What an index is called on the target: the rules of --rename, then an index name or pattern in TARGET.
import { IndexferryError } from '../foundation/errors.ts'
import { createIndexRename } from './rename-index.ts'

/** The servers' own rules for names (all versions since 2.0; 1.x is more lenient). */
const invalidName = /[\\/*?"<>| ,#:\p{Lu}]|^[-_+]|^\.\.?$/u

export interface TargetNaming {
  readonly rules: readonly (readonly [pattern: string, name: string])[]
  /** The index part of TARGET: a plain name, or a pattern whose stars take what the stars of `sourcePattern` stood for. */
  readonly targetName?: string | undefined
  /** The index part of SOURCE. */
  readonly sourcePattern?: string | undefined
}

/** A function that gives each source index its name on the target. Throws USAGE for a name that no index can have. */
export function createTargetNames({ rules, targetName, sourcePattern }: TargetNaming): (index: string) => string {
  const byRules = createIndexRename(rules)
  const byTarget = createIndexRename(targetName === undefined ? [] : [namePattern(targetName, sourcePattern)])
  return (index) => {
    const renamed = byRules(index)
    return checkName(renamed === index ? byTarget(index) : renamed, index)
  }
}

function namePattern(targetName: string, sourcePattern: string | undefined): [string, string] {
  if (!targetName.includes('*')) return ['*', targetName]
  const isOnePattern = sourcePattern?.includes('*') && !sourcePattern.includes(',')
  return isOnePattern ? [sourcePattern as string, targetName] : ['*', targetName]
}

function checkName(name: string, index: string): string {
  // A leading dot is a system or hidden index, which may be what the user wants; all else is refused by every server.
  if (name !== '' && Buffer.byteLength(name) <= 255 && !invalidName.test(name)) return name
  throw new IndexferryError(
    'USAGE',
    `index ${index} would be named "${name}" on the target, which is not a name that an index can have`,
    {
      remedy:
        'Choose a name in lower case without \\ / * ? " < > | , # : and spaces, that does not begin with - _ or +.',
    },
  )
}
