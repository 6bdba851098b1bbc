import { join } from 'node:path'
import { nodeProgram, runProgram } from '../run-program.ts'
import { npmTool } from '../tool-cache.ts'
import type { Contender, RunContext } from './contender.ts'

export const elasticdumpVersion = '6.125.1'

let installed: string | undefined

async function prepare(): Promise<string | undefined> {
  try {
    installed = await npmTool('elasticdump', elasticdumpVersion)
  } catch (error) {
    return `elasticdump could not be installed: ${error instanceof Error ? error.message : error}`
  }
  return undefined
}

async function elasticdump(options: readonly string[], { source, target, set, folder, signal }: RunContext) {
  const args = [`--input=${source.url}/${set.name}`, `--output=${target.url}/${set.name}`, '--type=data', ...options]
  const script = join(installed ?? '', 'bin', 'elasticdump')
  return runProgram({ ...nodeProgram(script, ...args), folder, signal })
}

/** A page of 5000 documents of 100 KB would not fit a JavaScript string. */
const fast = (context: RunContext): string[] => [`--limit=${context.set.page}`, '--noRefresh']

/** The defaults are pages of 100 documents with a refresh after each; the others are all that makes it faster. */
export const elasticdumps: readonly Contender[] = [
  {
    name: 'elasticdump',
    title: 'elasticdump, large pages, no refresh',
    does: 'copy',
    prepare,
    run: (context) => elasticdump(fast(context), context),
  },
  {
    name: 'elasticdump-4',
    title: 'elasticdump, the same, concurrency 4',
    does: 'copy',
    sets: ['small', 'middle', 'large'],
    prepare,
    run: (context) => elasticdump([...fast(context), '--concurrency=4'], context),
  },
  {
    name: 'elasticdump-defaults',
    title: 'elasticdump, defaults',
    does: 'copy',
    sets: ['small', 'middle', 'large'],
    prepare,
    run: (context) => elasticdump([], context),
  },
]
