/** Whether this system has users by number, permission bits, sessions and signals; Node has this call where it does. */
export const isPosix = process.getuid !== undefined;
