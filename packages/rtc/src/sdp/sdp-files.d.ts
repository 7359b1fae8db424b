/** SDP files as text, for tests. */
declare module '*.sdp?raw' {
  const text: string;
  export default text;
}
