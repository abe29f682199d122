import type { ColumnType } from 'kysely';

/** A column of time: a Date comes out, a Date goes in. */
export type Timestamp = ColumnType<Date, Date, Date>;
/** A JSON column: an object comes out, a JSON string goes in. */
export type Json<T> = ColumnType<T, string, string>;
/** A column of time that may be empty, and that an insert may leave out. */
export type NullableTimestamp = ColumnType<Date | null, Date | null | undefined, Date | null>;
/** A column that an insert may leave out. */
export type NullableColumn<T> = ColumnType<T | null, T | null | undefined, T | null>;
/** What became of checking who sent a mail. */
export type VerdictColumn = NullableColumn<'pass' | 'none' | 'fail' | 'reject'>;
/** A JSON column that may be empty. */
export type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
