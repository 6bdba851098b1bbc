// Writes the pages of docs/ that follow from declarations in the code; with --check it writes nothing and fails when one is stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedPages } from './generated-pages.ts'

const root = join(import.meta.dirname, '..')
const isCheck = process.argv.includes('--check')
let stale = 0

for (const [name, text] of Object.entries(generatedPages())) {
  const path = join(root, name)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  stale++
  if (isCheck) {
    console.error(`${name} is stale; run scripts/generate-docs.ts`)
    continue
  }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  console.error(`wrote ${name}`)
}
if (isCheck && stale > 0) process.exitCode = 1
