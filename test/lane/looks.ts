import type { Page } from "playwright-core";

/** WCAG 2 contrast ratio between an element's text and the stage behind it, 1 to 21. Runs in the page. */
export function contrastOn(page: Page, text: string, behind: string): Promise<number> {
  return page.evaluate(
    ([textSelector, behindSelector]) => {
      const luminance = (colour: string): number => {
        const channels = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => {
          const share = Number(part) / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * (channels[0] ?? 0) + 0.7152 * (channels[1] ?? 0) + 0.0722 * (channels[2] ?? 0);
      };
      const style = (selector: string): CSSStyleDeclaration => {
        const element = document.querySelector(selector);
        if (element === null) throw new Error(`no ${selector}`);
        return getComputedStyle(element);
      };
      const pair = [luminance(style(textSelector).color), luminance(style(behindSelector).backgroundColor)].toSorted();
      return ((pair[1] ?? 0) + 0.05) / ((pair[0] ?? 0) + 0.05);
    },
    [text, behind] as const,
  );
}

/**
 * Share of pixels, 0 to 1, in which two pictures of one size differ when each is reduced to "light" and "dark" around its
 * own middle: what is left of a picture for an eye without colours. Decoded by `page`, which may show anything.
 */
export function shapeDifference(page: Page, first: Buffer, second: Buffer): Promise<number> {
  return page.evaluate(
    async (pictures) => {
      const masks: boolean[][] = [];
      for (const picture of pictures) {
        const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
        if (context === null) throw new Error("no canvas");
        context.drawImage(bitmap, 0, 0);
        const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
        const light: number[] = [];
        for (let i = 0; i < data.length; i += 4) {
          light.push(0.2126 * (data[i] ?? 0) + 0.7152 * (data[i + 1] ?? 0) + 0.0722 * (data[i + 2] ?? 0));
        }
        const least = light.reduce((a, b) => Math.min(a, b));
        const most = light.reduce((a, b) => Math.max(a, b));
        masks.push(light.map((value) => value > (least + most) / 2));
      }
      const [one = [], other = []] = masks;
      if (one.length !== other.length) throw new Error("the pictures differ in size");
      return one.filter((value, i) => value !== other[i]).length / one.length;
    },
    [first.toString("base64"), second.toString("base64")],
  );
}
