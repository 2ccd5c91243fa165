/** In the script of workers, which is that of its threads as well. */
export async function ownPlace(): Promise<string | undefined> {
  return import.meta.url;
}
