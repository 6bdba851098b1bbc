// The project's own text files, read once for all tidy tests.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

export interface ProjectFile {
  /** From the root of the project, with `/`. */
  readonly path: string
  readonly name: string
  readonly text: string
  readonly lines: number
  /** The text without comments, for rules about code. Strings stay. */
  readonly code: string
  readonly isTest: boolean
}

const folders = ['src', 'test', 'scripts', 'demo', 'bench', 'bin']

function readFile(path: string): ProjectFile {
  const text = readFileSync(path, 'utf8')
  return {
    path: relative(root, path).split(sep).join('/'),
    name: basename(path),
    text,
    lines: text.split('\n').length - 1,
    code: text.replaceAll(/^\s*\/\*\*?[\s\S]*?\*\//gm, '').replaceAll(/(^|\s)\/\/ .*$/gm, '$1'),
    isTest: /\.test\.[cm]?[jt]s$/.test(path),
  }
}

export const projectFiles: readonly ProjectFile[] = folders
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) => readdirSync(join(root, folder), { withFileTypes: true, recursive: true }))
  .filter(
    (entry) => entry.isFile() && /\.(?:ts|tsx|js|mjs)$/.test(entry.name) && !entry.parentPath.includes('fixtures'),
  )
  .map((entry) => readFile(join(entry.parentPath, entry.name)))
  .sort((a, b) => (a.path < b.path ? -1 : 1))

/** What the program consists of: `src` without tests, contract suites and what tests stand on. */
export const programFiles = projectFiles.filter(
  (file) => file.path.startsWith('src/') && !file.isTest && !/\.(?:contract|fixture)\.ts$/.test(file.path),
)

/** The modules that a file imports, as written, types included. */
export const importsOf = (file: ProjectFile): string[] =>
  [...file.code.matchAll(/(?:^|[;\s])(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map((match) => match[1] as string)

/** The path of an imported file of the project; undefined for packages. */
export function resolveImport(file: ProjectFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return relative(root, join(root, file.path, '..', specifier))
    .split(sep)
    .join('/')
}
