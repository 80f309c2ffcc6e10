/** The numbers of calls and references. */

/** Ids and reference numbers are below this. */
export const ID_END: number = 2 ** 31
