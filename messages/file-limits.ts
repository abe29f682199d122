/** How many bytes of files one message, and one mail, takes: a mail of 25 MB carries 18 MB, since base64 makes four bytes of three. */
export const FILES_BYTES = 18 * 1024 * 1024;
