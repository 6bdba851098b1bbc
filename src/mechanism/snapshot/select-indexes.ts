// Which indexes of a snapshot an expression means, as servers read it, and what they are called after a rename.
import { IndexferryError, type Side } from '../../foundation/errors.ts'
import { fitsPattern, parseIndexExpression } from '../../source/index-expression.ts'

/** Comma-separated names, patterns and exclusions; nothing stands for all. Throws INDEX_MISSING for a name that is not there. */
export function selectIndexes(
  expression: string | undefined,
  names: readonly string[],
  where: string,
  side: Side,
): string[] {
  if (expression === undefined || expression.trim() === '') return [...names]
  const chosen = new Set<string>()
  const parts = parseIndexExpression(expression)
  if (parts[0]?.kind === 'exclusion') for (const name of names) chosen.add(name)
  for (const { kind, text } of parts) {
    const found = names.filter((name) => fitsPattern(name, text))
    if (kind === 'name' && found.length === 0) {
      throw new IndexferryError('INDEX_MISSING', `${where} has no index ${text}`, { side, fields: { index: text } })
    }
    for (const name of found) {
      if (kind === 'exclusion') chosen.delete(name)
      else chosen.add(name)
    }
  }
  return names.filter((name) => chosen.has(name))
}

export interface Rename {
  readonly pattern: string
  readonly replacement: string
}

/** What servers make of `rename_pattern`: every match is replaced, `$1` is the first group. */
export function renamed(name: string, rename: Rename | undefined): string {
  return rename ? name.replaceAll(renameExpression(rename.pattern), rename.replacement) : name
}

function renameExpression(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'g')
  } catch (error) {
    throw new IndexferryError('USAGE', `the rename pattern "${pattern}" is no regular expression`, {
      remedy: 'Write it as in --rename-pattern "(.+)" --rename-replacement "restored-\\$1".',
      cause: error,
    })
  }
}
