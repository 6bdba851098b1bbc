// Which indexes of a snapshot a plan means: as a copy reads the expression, so that patterns reach no index that begins with a dot. Servers
// put those into the snapshot of a pattern, and on the target they belong to the target.
import { selectIndexes } from '../../mechanism/snapshot/select-indexes.ts'
import { fitsPattern, parseIndexExpression, reachesHidden } from '../../source/index-expression.ts'

/** Throws INDEX_MISSING for a name that is not there. */
export function chosenIndexes(expression: string, names: readonly string[], where: string): string[] {
  const wanted = parseIndexExpression(expression).filter(({ kind }) => kind !== 'exclusion')
  const isMeant = (name: string): boolean =>
    !reachesHidden(name) || wanted.some(({ text }) => reachesHidden(text) && fitsPattern(name, text))
  return selectIndexes(expression, names, where, 'source').filter(isMeant)
}
