import { useEffect, useState } from 'preact/hooks';
import type { Attachment } from '../api-types';
import { Icon } from './icon';
import { useChat } from './use-chat';

/** Pictures that the desk shows as such. */
const SHOWN = /^image\/(png|jpeg|gif|webp)$/;
/** Larger pictures are shown when they are asked for. */
const SHOWN_BYTES = 4 * 1024 * 1024;

/** A size for people: `84 KB`, `2.5 MB`. */
export function size(bytes: number, intl: string): string {
  const [value, unit] = bytes < 1_000_000 ? [Math.max(1, Math.round(bytes / 1_000)), 'KB'] : [bytes / 1_000_000, 'MB'];
  return `${new Intl.NumberFormat(intl, { maximumFractionDigits: 1 }).format(value)} ${unit}`;
}

/** A file of a message: a picture is seen, everything else is downloaded. */
export function File({ file }: { readonly file: Attachment }) {
  const { chat, words } = useChat();
  const [source, setSource] = useState<string | null>(null);
  const isPicture = SHOWN.test(file.mediaType) && file.bytes <= SHOWN_BYTES;
  useEffect(() => {
    if (!isPicture) return;
    let made: string | null = null;
    let left = false;
    void chat.attempt(async () => {
      made = await chat.call(() => chat.api.file(file.url));
      if (left) URL.revokeObjectURL(made);
      else setSource(made);
    });
    return () => {
      left = true;
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [file.url]);
  const save = () =>
    chat.attempt(async () => {
      // The visitor's token goes with the request, so a plain link would not do.
      const link = document.createElement('a');
      link.href = source ?? (await chat.call(() => chat.api.file(file.url)));
      link.download = file.name;
      link.click();
      if (source === null) setTimeout(() => URL.revokeObjectURL(link.href), 30_000);
    });
  if (isPicture) {
    return (
      <button type="button" class="picture" aria-label={words.download(file.name)} onClick={() => void save()}>
        {source === null ? <span class="picture-empty" /> : <img src={source} alt={words.picture(file.name)} />}
      </button>
    );
  }
  return (
    <button type="button" class="file" aria-label={words.download(file.name)} onClick={() => void save()}>
      <Icon name="file" />
      <span class="file-name">{file.name}</span>
      <span class="file-size">{size(file.bytes, words.intl)}</span>
    </button>
  );
}
