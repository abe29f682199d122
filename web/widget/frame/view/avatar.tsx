import { useState } from 'preact/hooks';
import type { Face } from '../api-types';

/** Grounds for initials; style.css gives each a contrast of 4.5 or more. */
const HUES = 6;

/** Up to two letters that stand for a name. */
export function initialsOf(name: string): string {
  const parts = name.split(/\s+/).filter((part) => part !== '');
  const letters = parts.length > 1 ? [parts[0], parts.at(-1)] : parts;
  return letters
    .map((part) => [...(part ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}

/** Somebody’s picture, or their initials; the name stands beside it. */
export function Avatar({ face, size = 'small' }: { readonly face: Face; readonly size?: 'small' | 'large' }) {
  const [broken, setBroken] = useState(false);
  const hue = [...face.name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % HUES;
  return (
    <span class={`avatar ${size} hue-${hue}`} aria-hidden="true">
      {face.avatar !== null && !broken ? <img src={face.avatar} alt="" onError={() => setBroken(true)} /> : initialsOf(face.name)}
    </span>
  );
}
