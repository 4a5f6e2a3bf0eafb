package io.github.esteira.gateway.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClientAddressTest {

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			203.0.113.7          | 203.0.113.7
			2001:db8:1:2::1      | 20010db800010002/64
			2001:db8:1:2:ffff::9 | 20010db800010002/64
			2001:db8:1:3::1      | 20010db800010003/64
			::ffff:203.0.113.7   | 203.0.113.7
			example.org          | unknown
			' '                  | unknown
			""")
	void whatCountsAsOneClient(String address, String client) {
		assertThat(ClientAddress.of(address)).isEqualTo(client);
	}

}
