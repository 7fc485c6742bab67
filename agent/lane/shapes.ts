/**
 * One shape for each thing a lane can show, so that nobody needs colours to tell them apart (ecosystem.md 1.12). Drawn in a
 * 200 x 200 square in the two colours of the state: `ink` on the stage, `hole` in the colour of the stage.
 */
export const shapes = {
  idle: `<rect class="line" x="58" y="22" width="84" height="156" rx="16"/><rect class="ink" x="74" y="52" width="52" height="34" rx="6"/>
    <path class="line thin" d="M74 104h52M74 122h34"/><path class="line wave one" d="M160 78a34 34 0 0 1 0 44"/><path class="line wave two" d="M178 62a58 58 0 0 1 0 76"/>
    <path class="line wave one" d="M40 78a34 34 0 0 0 0 44"/><path class="line wave two" d="M22 62a58 58 0 0 0 0 76"/>`,
  reading: `<circle class="ink" cx="52" cy="100" r="15"/><path class="line wave one" d="M82 58a60 60 0 0 1 0 84"/>
    <path class="line wave two" d="M112 34a94 94 0 0 1 0 132"/><path class="line wave three" d="M142 12a126 126 0 0 1 0 176"/>`,
  checking: `<circle class="line faint" cx="100" cy="100" r="78"/><path class="line spin" d="M100 22a78 78 0 0 1 78 78"/>
    <circle class="ink" cx="64" cy="100" r="11"/><circle class="ink" cx="100" cy="100" r="11"/><circle class="ink" cx="136" cy="100" r="11"/>`,
  asking: `<path class="ink" d="M36 26h128a18 18 0 0 1 18 18v86a18 18 0 0 1-18 18H92l-40 34v-34H36a18 18 0 0 1-18-18V44a18 18 0 0 1 18-18z"/>
    <circle class="hole" cx="62" cy="88" r="12"/><circle class="hole" cx="100" cy="88" r="12"/><circle class="hole" cx="138" cy="88" r="12"/>`,
  accepted: `<circle class="ink" cx="100" cy="100" r="94"/><path class="cut" d="M54 104l32 32 62-68"/>`,
  rejected: `<path class="line dashed" d="M61 5h78l56 56v78l-56 56H61L5 139V61z"/><path class="ink" d="M68 22h64l46 46v64l-46 46H68l-46-46V68z"/>
    <path class="cut" d="M70 70l60 60M130 70l-60 60"/>`,
  attention: `<path class="ink" d="M100 14c6 0 11 3 14 8l80 142c6 11-2 24-14 24H20c-12 0-20-13-14-24L86 22c3-5 8-8 14-8z"/>
    <path class="cut" d="M100 72v50"/><circle class="hole" cx="100" cy="156" r="13"/>`,
  out_of_order: `<rect class="ink" x="12" y="12" width="176" height="176" rx="12"/><path class="cut" d="M52 100h96"/>`,
  offline: `<rect class="line dashed" x="8" y="8" width="184" height="184" rx="12"/><path class="line" d="M28 100h30M142 100h30M88 82h18M88 118h18"/>
    <rect class="ink" x="56" y="64" width="30" height="72" rx="8"/><rect class="ink" x="122" y="64" width="26" height="72" rx="8"/>`,
} as const satisfies Readonly<Record<string, string>>;

export type Shape = keyof typeof shapes;
