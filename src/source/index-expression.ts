// An index expression: names, patterns and exclusions, separated by commas.
import { IndexferryError, type Side } from '../foundation/errors.ts'

export interface ExpressionPart {
  readonly kind: 'name' | 'pattern' | 'exclusion'
  readonly text: string
}

/** Throws USAGE for an empty expression and for one that only excludes. */
export function parseIndexExpression(expression: string, side: Side = 'source'): readonly ExpressionPart[] {
  const parts = expression
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    // Exclusions apply to what stands before them, as in the search API; a leading `-` of the first part begins a name.
    .map((part, position): ExpressionPart => {
      if (part.startsWith('-') && position > 0) return { kind: 'exclusion', text: part.slice(1) }
      if (part === '_all') return { kind: 'pattern', text: '*' }
      return { kind: part.includes('*') ? 'pattern' : 'name', text: part }
    })
  if (parts.length === 0) {
    throw new IndexferryError('USAGE', `"${expression}" names no index`, {
      side,
      remedy: 'Name an index, a list or a pattern.',
    })
  }
  return parts
}

/** Whether a name fits a pattern, in which `*` stands for any text. */
export function fitsPattern(name: string, pattern: string): boolean {
  const pieces = pattern.split('*').map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${pieces.join('.*')}$`, 's').test(name)
}

/** Hidden and system indexes are found by patterns only that begin with a dot themselves. */
export const reachesHidden = (pattern: string): boolean => pattern.startsWith('.')
