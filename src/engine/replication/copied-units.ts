// What the notes of a replication say of its index.
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import type { CopyWriter } from '../catalog-writer.ts'

export const unitsOf = (writer: CopyWriter): CopyUnit[] =>
  writer
    .listIndexes()
    .flatMap(({ definition }) => (definition === undefined ? [] : [definition as unknown as CopyUnit]))

export const isCopied = (writer: CopyWriter): boolean => writer.listIndexes().some(({ state }) => state === 'following')
