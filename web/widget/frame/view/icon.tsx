/** Shapes on a 24 × 24 grid, drawn as lines. */
const SHAPES = {
  send: 'M4.5 12 20 4.5 15.5 20l-3.6-6.2L4.5 12Zm7.4 1.8L20 4.5',
  attach: 'M20 11.5 12.2 19.3a5 5 0 0 1-7.1-7.1l8.3-8.3a3.3 3.3 0 0 1 4.7 4.7l-8.2 8.2a1.7 1.7 0 0 1-2.4-2.4l7.4-7.4',
  emoji: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 14.2a4.2 4.2 0 0 0 7 0M9 9.6v.2M15 9.6v.2',
  close: 'M6 6l12 12M18 6 6 18',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  more: 'M5.5 12h.1M12 12h.1M18.5 12h.1',
  file: 'M14 3.5H7.5a2 2 0 0 0-2 2v13a2 2 0 0 0 2 2h9a2 2 0 0 0 2-2V8L14 3.5Zm0 0V8h4.5',
  mail: 'M4 6.5h16v11H4v-11Zm0 .5 8 6 8-6',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7.5V12l3 2',
  ticket: 'M4 7.5h16v3a1.7 1.7 0 0 0 0 3.4v2.6H4v-2.6a1.7 1.7 0 0 0 0-3.4v-3ZM14 7.5v9',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  alert: 'M12 4 2.8 20h18.4L12 4Zm0 6v4.5M12 17v.1',
  good: 'M7.5 20H4.5v-9.5h3m0 9.5v-9.5m0 9.5h9.2a2 2 0 0 0 2-1.6l1.2-6a2 2 0 0 0-2-2.4h-4.1l.6-3.6A2 2 0 0 0 12.4 3.5L7.5 10.5',
  chats: 'M4 6.5h16M4 12h16M4 17.5h10',
  wifi: 'M4 4l16 16M5 12.5a10 10 0 0 1 4-2.4M12.5 9.6a10 10 0 0 1 6.5 2.9M8.5 16a5 5 0 0 1 7 0M12 19.5h.1',
  pen: 'M4.5 19.5l.8-3.8L15.8 5.2a2 2 0 0 1 2.9 2.9L8.3 18.7l-3.8.8Z',
} as const;

/** Their names; `bad` is `good` turned upside down. */
export type IconName = keyof typeof SHAPES | 'bad';

/** A picture beside words, which say the same: it is hidden from screen readers. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[name === 'bad' ? 'good' : name]} />
    </svg>
  );
}
