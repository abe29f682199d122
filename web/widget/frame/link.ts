import type { Chat } from './chat';
export class Link {
  constructor(private readonly chat: Chat) {}
  follow(_n: number): void {}
  leave(): void {}
  typing(_on: boolean): void {}
  seen(_id: string): void {}
  attend(): void {}
}
