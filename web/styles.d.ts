/** Vite bundles styles; as a module they are nothing. */
declare module '*.css';
