import { fileURLToPath } from 'node:url'
import { runProgram } from '../run-program.ts'
import { pythonTool } from '../tool-cache.ts'
import type { Contender } from './contender.ts'

export const opensearchPyVersion = '3.2.0'

const script = fileURLToPath(new URL('opensearch-py-copy.py', import.meta.url))

let packages: string | undefined

export const opensearchPy: Contender = {
  name: 'opensearch-py',
  title: 'opensearch-py, scan and parallel_bulk',
  does: 'copy',
  async prepare() {
    try {
      packages = await pythonTool('opensearch-py', opensearchPyVersion)
    } catch (error) {
      return `opensearch-py could not be installed: ${error instanceof Error ? error.message : error}`
    }
    return undefined
  },
  run: ({ source, target, set, folder, signal }) =>
    runProgram({
      command: 'python3',
      args: [script, packages ?? '', source.url, target.url, set.name, String(set.page)],
      folder,
      signal,
    }),
}
