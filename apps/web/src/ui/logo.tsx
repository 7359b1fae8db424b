/** Waves from a point: on air. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg
      className="logo"
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.6"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <circle cx="16" cy="16" r="3.6" fill="currentColor" stroke="none" />
      <path d="M10.2 10.2a8.2 8.2 0 0 0 0 11.6M21.8 10.2a8.2 8.2 0 0 1 0 11.6" />
      <path d="M5.7 5.7a14.5 14.5 0 0 0 0 20.6M26.3 5.7a14.5 14.5 0 0 1 0 20.6" opacity=".45" />
    </svg>
  );
}
