package io.github.esteira.gateway.ratelimit;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;

/** What counts as one client: an IPv4 address, or the /64 network of an IPv6 address. */
final class ClientAddress {

	private static final int NETWORK_BYTES = 8;

	private ClientAddress() {
	}

	/**
	 * A household or machine commonly owns a whole /64 and could take a new address for every
	 * request, so the lower half of an IPv6 address tells no clients apart. Text that is no address
	 * can come from a proxy's X-Forwarded-For; all such callers share one name, so that making up
	 * text gains nothing.
	 */
	static String of(String address) {
		try {
			InetAddress parsed = InetAddress.ofLiteral(address);
			return parsed instanceof Inet6Address ? network(parsed) : parsed.getHostAddress();
		}
		catch (IllegalArgumentException notAnAddress) {
			return "unknown";
		}
	}

	private static String network(InetAddress address) {
		return HexFormat.of().formatHex(Arrays.copyOf(address.getAddress(), NETWORK_BYTES)) + "/64";
	}

}
