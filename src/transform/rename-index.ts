// Names of target indexes, made of those of the source by the user's patterns.
import { IndexferryError } from '../foundation/errors.ts'

interface Rule {
  readonly pattern: RegExp
  readonly name: string
}

/**
 * A function that gives the target's name of each source index. `logs-*=archive-*` puts what each `*` stood for in the place of
 * each `*` of the name; `logs-(.*)-v1=logs-$1` is a regular expression, told by its parentheses. Patterns stand for whole
 * names; the first that fits is used, a name that none fits stays. Throws USAGE for a rule that cannot be meant.
 */
export function createIndexRename(
  rules: readonly (readonly [pattern: string, name: string])[],
): (index: string) => string {
  const parsed = rules.map(([pattern, name]) => parseRule(pattern, name))
  return (index) => {
    for (const { pattern, name } of parsed) if (pattern.test(index)) return index.replace(pattern, name)
    return index
  }
}

function parseRule(pattern: string, name: string): Rule {
  return /[()]/.test(pattern) ? parseExpression(pattern, name) : parseWildcards(pattern, name)
}

function parseWildcards(pattern: string, name: string): Rule {
  const given = pattern.split('*').length - 1
  const wanted = name.split('*').length - 1
  if (wanted > given)
    throw wrong(
      pattern,
      name,
      `the name has ${wanted} * and the pattern ${given}`,
      'A * of the name needs one of the pattern.',
    )
  if (given > 0 && wanted === 0) return { pattern: wildcards(pattern), name: literal(name) }
  let star = 0
  return { pattern: wildcards(pattern), name: literal(name).replaceAll('*', () => `$${++star}`) }
}

const wildcards = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replaceAll(/[\\^$.|?+[\]{}]/g, '\\$&'))
      .join('(.*)')}$`,
  )

/** `$` means something in replacements. */
const literal = (name: string): string => name.replaceAll('$', '$$$$')

function parseExpression(pattern: string, name: string): Rule {
  let expression: RegExp
  try {
    expression = new RegExp(`^(?:${pattern})$`)
  } catch (error) {
    throw wrong(
      pattern,
      name,
      (error as Error).message,
      'Write a regular expression of JavaScript, or a pattern with *.',
    )
  }
  const groups = (new RegExp(`${expression.source}|`).exec('')?.length ?? 1) - 1
  const highest = Math.max(0, ...[...name.matchAll(/\$(\d+)/g)].map((match) => Number(match[1])))
  if (highest > groups)
    throw wrong(
      pattern,
      name,
      `the name has $${highest} and the pattern ${groups} groups`,
      'Put what is to be kept into parentheses.',
    )
  return { pattern: expression, name }
}

const wrong = (pattern: string, name: string, cause: string, remedy: string): IndexferryError =>
  new IndexferryError('USAGE', `--rename ${pattern}=${name} cannot be used: ${cause}`, { remedy })
