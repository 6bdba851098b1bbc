// What repeated sweeps remember of one index: each document with its version and the number of its last change. The contract; the engine keeps
// it on disk.

import type { LiveNumbers } from './change-source.ts'

/** As the source says it; a text where it is too large to be exact as a number. */
export type SweptVersion = number | string

/** Type, id and routing, as they stand between the quotes of JSON strings, joined by a sign that none of them can hold. */
export type DocumentKey = string

export interface SweptDocument {
  readonly key: DocumentKey
  readonly version: SweptVersion
  /** Of its content, when that was read. */
  readonly digest?: number | undefined
}

/** A number and the document whose last change it is. */
export interface NumberedKey {
  readonly number: number
  readonly key: DocumentKey
  /** Of what was read under this number, once it was. */
  readonly digest: number | undefined
  /** As a sweep or a read has seen it last; undefined when it was not found. */
  readonly version: SweptVersion | undefined
}

/** What was read under a number; without a version the document was not found, and its next sight is a change. */
export interface ReadDocument extends NumberedKey {
  readonly version: SweptVersion | undefined
}

/** Whatever a method has noted is durable when it returns, also against a power cut: no number is ever given twice. */
export interface SweepNotes {
  /** The number that the next change gets. */
  next(): number
  /** The highest version that any document has had; one that is too large to be exact is rounded. */
  highestVersion(): number
  /** Rows are the places of documents in the notes, counted from 1; the highest that there ever was. */
  rows(): number
  /** Gives numbers to those that are new or have another version or content. Answers with the row of each. */
  see(documents: readonly SweptDocument[]): readonly number[]
  /** Rows behind `after`, up to and with `upTo`, in order. */
  listRows(after: number, upTo: number, max: number): readonly number[]
  /** Documents that are gone: each delete takes a number, under which there is nothing. */
  takeOut(rows: readonly number[]): void
  /** Documents by number, in order. */
  listNumbers(from: number, to: number, max: number): readonly NumberedKey[]
  /** Of numbers that are still those of the documents. */
  noteRead(documents: readonly ReadDocument[]): void
  /** How many documents have their number in each block of `width`, and the sum of these numbers, by the number of the block. */
  sumLive(from: number, to: number, width: number): ReadonlyMap<number, LiveNumbers>
  listLive(from: number, to: number): readonly number[]
}
