package demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class AppTest {
    @Test
    void doubles() {
        assertEquals(42, App.twice(21));
    }

    @Test
    void greets() {
        assertEquals("hello you", App.greeting("you"));
    }
}
