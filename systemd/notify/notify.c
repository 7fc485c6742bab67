// sd_notify(3) for Node, which has no Unix datagram sockets: notify(socket, state) sends one datagram and never waits.
// Node-API only, so one binary serves every Node; no libsystemd.
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { state_max = 4096 };

// Returns true when the whole state went out. `socket` is a path, or an abstract name that begins with '@'.
static bool send_state(char *socket_name, size_t name_length, const char *state, size_t state_length) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (name_length < 2 || name_length >= sizeof address.sun_path) return false;
  if (socket_name[0] != '/' && socket_name[0] != '@') return false;
  memcpy(address.sun_path, socket_name, name_length);
  if (socket_name[0] == '@') address.sun_path[0] = '\0';
  socklen_t address_length = offsetof(struct sockaddr_un, sun_path) + name_length;

  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  ssize_t sent = sendto(fd, state, state_length, MSG_NOSIGNAL, (struct sockaddr *)&address, address_length);
  close(fd);
  return sent == (ssize_t)state_length;
}

static napi_value notify(napi_env env, napi_callback_info info) {
  napi_value argv[2], result;
  size_t argc = 2, name_length = 0, state_length = 0;
  char name[sizeof((struct sockaddr_un *)0)->sun_path + 1], state[state_max + 1];
  // A text longer than its buffer arrives cut to the buffer's size less one, which is over the limit: refused, not sent cut.
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != 2 ||
      napi_get_value_string_utf8(env, argv[0], name, sizeof name, &name_length) != napi_ok ||
      napi_get_value_string_utf8(env, argv[1], state, sizeof state, &state_length) != napi_ok) {
    napi_throw_type_error(env, NULL, "notify(socket: string, state: string)");
    return NULL;
  }
  bool sent = state_length > 0 && state_length < state_max && send_state(name, name_length, state, state_length);
  return napi_get_boolean(env, sent, &result) == napi_ok ? result : NULL;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "notify", NAPI_AUTO_LENGTH, notify, NULL, &function) != napi_ok) return NULL;
  return napi_set_named_property(env, exports, "notify", function) == napi_ok ? exports : NULL;
}
