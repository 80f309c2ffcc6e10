/** Tables without boxes that fit the terminal; a column that does not fit is dropped, and that is said. */
import Table from 'cli-table3'
import type { Style } from './style.js'
import { oneLine, widthOf } from './text.js'

/** A column: its cells are made of rows of type R. */
export interface Column<R> {
  readonly head: string
  cell(row: R): string
  readonly align?: 'right'
  /** The lowest is dropped first; without one the column always stays. */
  readonly keep?: number
}

export interface Rendered {
  readonly text: string
  /** The heads of the columns that did not fit. */
  readonly dropped: readonly string[]
}

const GAP = 2
const NO_LINES = {
  'top': '', 'top-mid': '', 'top-left': '', 'top-right': '',
  'bottom': '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  'left': '', 'left-mid': '', 'mid': '', 'mid-mid': '',
  'right': '', 'right-mid': '', 'middle': '',
} as const // prettier-ignore

interface Sized<R> {
  readonly column: Column<R>
  readonly width: number
}

/** Renders rows within `width` columns. */
export function renderTable<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  at: { width: number; style: Style },
): Rendered {
  const sized = columns.map((column) => ({ column, width: naturalWidth(column, rows) }))
  const kept = fit(sized, at.width)
  const dropped = columns
    .filter((column) => !kept.some((one) => one.column === column))
    .map(({ head }) => head)
  const table = new Table({
    head: kept.map(({ column }) => at.style.colors.dim(column.head)),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP, compact: true },
    colAligns: kept.map(({ column }) => column.align ?? 'left'),
    colWidths: shrink(kept, at.width),
  })
  for (const row of rows) table.push(kept.map(({ column }) => oneLineKeepingColors(column.cell(row))))
  return { text: trimLines(table.toString()), dropped }
}

function naturalWidth<R>(column: Column<R>, rows: readonly R[]): number {
  return rows.reduce((width, row) => Math.max(width, widthOf(column.cell(row))), column.head.length)
}

function fit<R>(sized: readonly Sized<R>[], width: number): readonly Sized<R>[] {
  if (totalOf(sized) <= width) return sized
  const weakest = sized.reduce<Sized<R> | undefined>((found, one) => {
    if (one.column.keep === undefined) return found
    return found === undefined || one.column.keep < (found.column.keep ?? 0) ? one : found
  }, undefined)
  return weakest
    ? fit(
        sized.filter((one) => one !== weakest),
        width,
      )
    : sized
}

function totalOf<R>(sized: readonly Sized<R>[]): number {
  return sized.reduce((sum, { width }) => sum + width + GAP, -GAP)
}

/** Column widths with their gap; where even the last columns are too wide, the widest give way. */
function shrink<R>(kept: readonly Sized<R>[], width: number): number[] {
  const widths = kept.map((one) => one.width + GAP)
  let over = totalOf(kept) - width
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths))
    const spare = (widths[widest] ?? 0) - GAP - 4
    if (spare <= 0) break
    const step = Math.min(spare, over, 1)
    widths[widest] = (widths[widest] ?? 0) - step
    over -= step
  }
  return widths
}

function oneLineKeepingColors(cell: string): string {
  return cell.replace(/[\r\n\t]/g, ' ')
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** A cell of text that came from a peer. */
export function cellOf(text: string): string {
  return oneLine(text)
}
