// The one place where the kernel's error numbers become answers.
import { CodedError } from "../../coded-error.ts";

const ANSWERS: Readonly<Record<string, readonly [code: string, explanation: string]>> = {
  ENOENT: ["not_found", "there is nothing at that path"],
  EISDIR: ["is_a_directory", "it is a directory"],
  ENOTDIR: ["not_a_directory", "something on that path is not a directory"],
  EEXIST: ["already_exists", "something is there already"],
  ENOTEMPTY: ["directory_not_empty", "the directory is not empty"],
  EACCES: ["permission_denied", "the daemon's user may not do that there"],
  EPERM: ["permission_denied", "the system does not permit it"],
  EROFS: ["read_only", "the file system is read-only"],
  ENOSPC: ["disk_full", "no space is left on the device"],
  EDQUOT: ["disk_full", "the disk quota is used up"],
  EFBIG: ["too_large", "the file would be larger than the file system allows"],
  ENAMETOOLONG: ["invalid_path", "a name in it is too long"],
  ELOOP: ["invalid_path", "it leads through a loop of symlinks"],
  EINVAL: ["invalid_path", "the system does not accept it (a directory cannot go into itself)"],
  EBUSY: ["busy", "it is in use by the system, such as a mount point"],
  ETXTBSY: ["busy", "it is a program that is running"],
  EMFILE: ["too_many_open_files", "the daemon has too many files open; try again"],
  ENFILE: ["too_many_open_files", "the system has too many files open; try again"],
  EIO: ["io_error", "the device reported an error"],
  ENXIO: ["not_a_file", "it is a socket, or stands for a device that is not there"],
  ENODEV: ["not_a_file", "it stands for a device that is not there"],
  EAGAIN: ["busy", "it has nothing to give now"],
  ESRCH: ["not_found", "the process that it told of has ended"],
};

/** The error's `code` (`ENOENT`), if it has one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** Does `work`; what the kernel refuses is thrown as a CodedError that says `Cannot <action> <path>: why`. */
export async function answeringErrno<Result>(
  action: string,
  path: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toCodedError(error, action, path);
  }
}

/** A CodedError for a known errno; anything else as it came. */
export function toCodedError(error: unknown, action: string, path: string): unknown {
  const errno = errnoOf(error);
  const answer = errno === undefined ? undefined : ANSWERS[errno];
  if (errno === undefined || answer === undefined) return error;
  const [code, explanation] = answer;
  return new CodedError(code, `Cannot ${action} ${path}: ${explanation}`, {
    data: { path, errno },
    cause: error,
  });
}
